import sys
import time

last = int(sys.argv[1])
if last < 0:
    raise ValueError("there is nothing to count")
for number in range(1, last + 1):
    print(number, flush=True)
    if number == 5:
        time.sleep(600)
