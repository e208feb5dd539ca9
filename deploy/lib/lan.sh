# shellcheck shell=bash
# Sourced by deploy/demo and deploy/benchmark inside deploy/lib/sandbox: a LAN of network namespaces on a bridge, with a registry and nodes on it.
# $work is the folder of this run, $binary the agent. The names registry.demo and so on come from the sandbox's /etc/hosts.

# lan_up: the bridge. Without snooping, so that broadcast and multicast reach every port at once.
lan_up() {
    ip link add lan type bridge mcast_snooping 0
    ip addr add 10.77.0.1/24 dev lan
    ip link set lan up
}

# lan_add HOST ADDRESS: a machine on the LAN: its network namespace with one interface, eth0.
lan_add() {
    ip netns add "$1"
    ip link add "$1" type veth peer name eth0 netns "$1"
    ip link set "$1" master lan up
    ip -n "$1" link set lo up
    ip -n "$1" addr add "$2/24" brd + dev eth0
    ip -n "$1" link set eth0 up
    ip -n "$1" route add default via 10.77.0.1
}

# lan_shape HOST MEGABITS: its link carries so much each way at the same time.
lan_shape() {
    ip netns exec "$1" tc qdisc replace dev eth0 root tbf rate "$2mbit" burst 256kb latency 100ms
    tc qdisc replace dev "$1" root tbf rate "$2mbit" burst 256kb latency 100ms
}

# on HOST COMMAND...: on that machine, which also has its own host name. Not by `ip netns exec`: that hides the control
# groups, which runc needs.
# shellcheck disable=SC2016 # expanded by the inner shell
on() { nsenter --net="/run/netns/$1" unshare --uts sh -c 'hostname "$0" && exec "$@"' "$@"; }

# sent_by HOST: bytes that left its interface.
sent_by() { ip -n "$1" -s -j link show eth0 | jq '.[0].stats64.tx.bytes'; }

# registry_start HOST STORAGE PORT: a docker-registry, over plain HTTP, that nobody can write to.
registry_start() {
    cat >"$work/$1.yml" <<YAML
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: $2}
  maintenance: {readonly: {enabled: true}}
http: {addr: ":$3"}
YAML
    on "$1" docker-registry serve "$work/$1.yml" >"$work/$1.log" 2>&1 &
    registry_pid=$!
    disown # nobody wants to read that it was killed
    wait_for 20 "docker-registry; its log is $work/$1.log" on "$1" curl --fail --silent "http://127.0.0.1:$3/v2/"
}

# registry_off HOST: as when its plug is pulled. Nothing answers, not even a refusal.
registry_off() {
    ip -n "$1" link set eth0 down
    kill -KILL "$registry_pid"
}

# agent_start HOST TOML: an agent with that configuration, with its own folder and sockets, beside the host's containerd.
# agent_options is the rest of its command line.
agent_options=()
agent_start() {
    mkdir -p "$work/$1"
    cat >"$work/$1/config.toml" <<TOML
data_dir = "$work/$1/data"
$2
[admin]
socket = "$work/$1/shoal.sock"

[runtime.containerd]
address = "$work/$1/containerd/sock"
TOML
    on "$1" "$binary" agent --config "$work/$1/config.toml" "${agent_options[@]}" >"$work/$1/agent.log" 2>&1 &
}

# agent_pid HOST
agent_pid() {
    local pid
    for pid in $(ip netns pids "$1"); do
        [ "$(readlink "/proc/$pid/exe")" != "$(realpath "$binary")" ] || printf '%s\n' "$pid"
    done
}

agent_ready() { on "$1" curl --fail --silent --max-time 2 http://127.0.0.1:5052/readyz; }

# status HOST FILTER: a part of `shoal status --json`, strings without quotes.
status() { "$binary" status --json --socket "$work/$1/shoal.sock" | jq -r "$2"; }

# containerd_start HOST REGISTRY: a containerd of its own that asks the agent on its machine first, and REGISTRY itself
# when the agent has nothing or is not there.
containerd_start() {
    local folder=$work/$1/containerd
    mkdir -p "$folder/certs.d/$2"
    cat >"$folder/certs.d/$2/hosts.toml" <<TOML
server = "http://$2"

[host."http://127.0.0.1:5050"]
  capabilities = ["pull", "resolve"]
TOML
    cat >"$folder/config.toml" <<TOML
version = 2
root = "$folder/root"
state = "$folder/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$folder/sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$folder/opt"
TOML
    on "$1" containerd --config "$folder/config.toml" >"$folder/log" 2>&1 &
    wait_for 30 "containerd on $1; its log is $folder/log" ctr --address "$folder/sock" version
}

# containerd_pull HOST IMAGE
containerd_pull() {
    local folder=$work/$1/containerd
    on "$1" ctr --address "$folder/sock" images pull --snapshotter "$snapshotter" --hosts-dir "$folder/certs.d" "$2" \
        >"$folder/pull.log" 2>&1 || {
        tail -n 5 "$folder/pull.log" "$work/$1/agent.log" >&2
        die "the pull of $2 on $1 failed"
    }
}

# containerd_import HOST FILE
containerd_import() {
    on "$1" ctr --address "$work/$1/containerd/sock" images import --no-unpack "$2" >"$work/$1/containerd/import.log" 2>&1 || {
        tail -n 5 "$work/$1/containerd/import.log" >&2
        die "the import of $2 on $1 failed"
    }
}

# container_says HOST IMAGE COMMAND...: what it prints in a container of that image.
container_says() {
    local host=$1 reference=$2 folder=$work/$1/containerd
    shift 2
    on "$host" ctr --address "$folder/sock" run --rm --snapshotter "$snapshotter" --cgroup "/$(basename "$work")" \
        "$reference" "hello-$host" "$@" 2>"$folder/run.log"
}
