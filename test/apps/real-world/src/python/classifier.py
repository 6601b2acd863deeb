import json
import os
import sys
import time

# Stands for a model that takes long to load. It is loaded once, and answers a line for each line.
model = {"good": 1, "great": 2, "bad": -1, "awful": -2}

for line in sys.stdin:
    words = json.loads(line).lower().split()
    if "slow" in words:  # Stands for a text that takes long.
        time.sleep(2)
    score = sum(model.get(word, 0) for word in words)
    print(json.dumps({"score": score, "pid": os.getpid()}), flush=True)
