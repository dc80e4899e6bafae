# For sourcing: a server from a Python package, on loopback only, in a virtual environment that is kept between runs.
#
#   install_server NAME PROGRAM PACKAGE     sets program, its path
#   free_port                               prints a port that nobody listens on
#   await_server DIR PORT PID VARIABLE      prints `export VARIABLE=http://…` once it listens, or its log and fails
#   stop_server DIR                         ends it and forgets DIR

install_server() {
  local venv="${XDG_CACHE_HOME:-$HOME/.cache}/lakefront/$1"
  program="$venv/bin/$2"
  if [ ! -x "$program" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$3" >&2
  fi
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

await_server() {
  local dir=$1 port=$2 server=$3 variable=$4
  echo "$server" >"$dir/pid"
  for _ in $(seq 300); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "export $variable=http://127.0.0.1:$port"
      return
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$dir/log" >&2
  kill "$server" 2>/dev/null || true
  return 1
}

stop_server() {
  [ ! -f "$1/pid" ] || kill "$(cat "$1/pid")" 2>/dev/null || true
  rm -rf "$1"
}
