#!/bin/bash
# Adds one node to the cluster that kubernetes-up.sh starts: a containerd and a kubelet of its own. usage: kubernetes-node.sh NUMBER
# Node N has the address 10.244.0.N on the cluster's bridge, its own range of pod addresses, its own state under state/nodeN and its own cgroup.
set -euo pipefail
n=$1; node=node$n; K=$ENGINES_HOME/kubernetes; S=$K/state; N=$S/$node; IP=10.244.0.$n; GW=10.244.0.1
. "$(dirname "$(readlink -f "$0")")/kubernetes-start.sh"
mkdir -p "$N"/{kubelet,cni/conf,cni/state,cni/cache,varlog/pods,varlog/containers,run,containerd}
cat >"$N/cni/conf/10-k8s0.conflist" <<V
{"cniVersion":"0.4.0","name":"k8s0","plugins":[{"type":"bridge","bridge":"k8s0","isGateway":false,"ipMasq":false,"hairpinMode":false,"ipam":{"type":"host-local","dataDir":"$N/cni/state","ranges":[[{"subnet":"10.244.0.0/24","rangeStart":"10.244.0.$((n * 100 - 90))","rangeEnd":"10.244.0.$((n * 100))","gateway":"$GW"}]],"routes":[{"dst":"10.96.0.0/24","gw":"$GW"}]}}]}
V
cat >"$N/containerd.toml" <<V
version = 2
root = "$N/containerd/root"
state = "$N/containerd/state"
oom_score = 0
[grpc]
  address = "$N/run/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/flame-test/pause:1"
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$N/cni/conf"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.internal.v1.opt"]
  path = "$N/containerd/opt"
V
cat >"$N/kubelet.yaml" <<V
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $IP
port: 10250
readOnlyPort: 0
healthzBindAddress: 127.0.0.1
healthzPort: $((10247 + n))
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $S/pki/ca.crt}}
authorization: {mode: AlwaysAllow}
tlsCertFile: $S/pki/kubelet-$node.crt
tlsPrivateKeyFile: $S/pki/kubelet-$node.key
cgroupDriver: cgroupfs
cgroupRoot: $CGROUP/$node
failSwapOn: false
makeIPTablesUtilChains: false
oomScoreAdj: 0
maxOpenFiles: 20000
resolvConf: ""
hairpinMode: none
evictionHard: {memory.available: "50Mi", nodefs.available: "1%", imagefs.available: "1%"}
imageGCHighThresholdPercent: 100
nodeStatusUpdateFrequency: 4s
kubeAPIQPS: 200
kubeAPIBurst: 400
serializeImagePulls: false
V
# A kubelet removes the pods' cgroups that it does not know: each has a root of its own.
for c in /sys/fs/cgroup/*/; do [ ! -e "$c/cgroup.procs" ] || mkdir -p "$c/$CGROUP/$node"; done
for f in cpuset.cpus cpuset.mems; do for d in "$CGROUP" "$CGROUP/$node"; do [ ! -e "/sys/fs/cgroup/cpuset/$f" ] || cat "/sys/fs/cgroup/cpuset/$f" >"/sys/fs/cgroup/cpuset$d/$f"; done; done
# one private mount namespace for containerd and the kubelet: their fixed paths (/var/log/pods, /var/lib/cni, /var/lib/kubelet/device-plugins) stay inside $N
start mnt-$node unshare -m --propagation private bash -c "mkdir -p /var/log/pods /var/log/containers /var/lib/cni /var/lib/kubelet && mount --bind $N/varlog /var/log && mount --bind $N/cni/cache /var/lib/cni && mount -t tmpfs tmpfs /var/lib/kubelet && touch $N/mounted && exec sleep infinity"
until_ok mnt-$node test -e "$N/mounted"; M=$(cat "$S/pid/mnt-$node")
start containerd-$node nsenter -t "$M" -m containerd --config "$N/containerd.toml"
until_ok containerd-$node ctr -a "$N/run/containerd.sock" version; say "$node: containerd answers"
import() { nsenter -t "$M" -m ctr -a "$N/run/containerd.sock" -n k8s.io images import "$@" >>"$S/log/import-$node.log" 2>&1; }
for i in pause node; do import --no-unpack=false "$K/$i.tar" || import "$K/$i.tar"; done; say "$node: images imported"
start kubelet-$node nsenter -t "$M" -m "$K/bin/kubelet" --config="$N/kubelet.yaml" --kubeconfig="$S/$node.kubeconfig" --hostname-override=$node --node-ip=$IP --root-dir="$N/kubelet" --cert-dir="$S/pki" --container-runtime=remote --container-runtime-endpoint=unix://"$N/run/containerd.sock" --image-service-endpoint=unix://"$N/run/containerd.sock"
until_ok kubelet-$node bash -o pipefail -c "curl -fs --cacert $S/pki/ca.crt -H 'Authorization: Bearer $(cat "$S/pki/admin.token")' https://$GW:6443/api/v1/nodes/$node | jq -e '.status.conditions[]|select(.type==\"Ready\" and .status==\"True\")'"; say "$node: Ready"
