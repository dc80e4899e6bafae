# Servers of one run of tests. Sourced from the root of the repository, with `set -e`; they end with the shell.
#
#   serve postgres|s3|aws FOLDER [ARG…]    starts one below $work and takes over what it sets

work=$(mktemp -d)
# Started by root, PostgreSQL runs as a user of its own, who has to reach its folder.
chmod 711 "$work"
served=()

serve() {
  local script=deploy/test/$1.sh told
  served+=("$script $work/$2")
  # Apart from eval, which would not tell that it failed.
  told=$("$script" start "$work/$2" "${@:3}")
  eval "$told"
}

end_servers() {
  local script folder
  for server in "${served[@]}"; do
    read -r script folder <<<"$server"
    "$script" stop "$folder" || true
  done
  rm -rf "$work"
}
trap end_servers EXIT
