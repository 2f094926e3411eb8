# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The rules of ARCHITECTURE.md ("Layers") that can be seen in the include lines, and the limits on files.

layers_failed=0

complain() {
  printf '%s\n' "$*" >&2
  layers_failed=1
}

# sources FOLDER…: the C and C++ files of ours below them.
sources() { find "$@" -type f '(' -name '*.h' -o -name '*.cpp' -o -name '*.c' ')' | sort; }

# only_ours FOLDER PATTERN: the "quoted" includes of FOLDER's files match PATTERN.
only_ours() {
  local line
  while IFS= read -r line; do
    complain "$line: $1 may not include this (ARCHITECTURE.md, Layers)"
  done < <(sources "$1" | xargs grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' | grep -vE "include[[:space:]]*\"($2)\"")
}

# library PATTERN ALLOWED: the <headers> that match PATTERN are included only by files whose path matches ALLOWED.
library() {
  local line
  while IFS= read -r line; do
    [[ $line =~ ^($2) ]] || complain "$line: only allowed under $2 (ARCHITECTURE.md, Layers)"
  done < <(sources core compiler bpf loader fallback tools tests | xargs grep -HnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($1)")
}

check_includes() {
  only_ours core 'core/[^"]*|bpf/reasons\.h'
  only_ours compiler '(compiler|core)/[^"]*|bpf/(abi|reasons)\.h'
  only_ours bpf 'bpf/[^"]*'
  only_ours loader '(loader|compiler|core)/[^"]*|bpf/(abi|reasons)\.h|[a-z_]+\.skel\.h'
  only_ours fallback '(fallback|compiler|core)/[^"]*'
  only_ours tools/daemon '(tools/daemon|loader|fallback|compiler|core)/[^"]*'
  only_ours tools/cli '(tools|compiler|core)/[^"]*|loader/teardown\.h|fallback/nft_(guard|standing|teardown)\.h'
  library 'bpf/abi\.h' 'bpf/|compiler/lower_bpf|loader/|tests/'
  library 'bpf/(libbpf|bpf|btf)\.h' 'loader/|tests/'
  library 'bpf/bpf_[a-z_]*\.h' 'bpf/|tests/(bench|dataplane)/'
  library '[a-z_]+\.skel\.h' 'loader/(bpf|xdp)_object\.cpp|tests/'
  library 'libmnl/|linux/(rtnetlink|if_link|netlink)\.h' 'loader/|fallback/|tools/daemon/|tests/'
  library 'libnftnl/|linux/netfilter' 'fallback/|tests/'
  library 'spdlog/|CLI/|boost/|toml' 'tools/|tests/'
  library 'nlohmann/' 'compiler/|tools/|tests/'
  library 'tl/' 'core/result\.h'
  library 'fstream|filesystem|iostream|fcntl\.h|unistd\.h|sys/' 'core/unique_fd\.h|loader/|fallback/|tools/|tests/'
}

# At most 400 lines, apart from tables of test cases; an SPDX line at the head.
check_files() {
  local file
  while IFS= read -r file; do
    [[ $file == tests/*_cases.* ]] || [ "$(wc -l <"$file")" -le 400 ] || complain "$file: longer than 400 lines"
    head -n 2 "$file" | grep -q 'SPDX-License-Identifier: ' || complain "$file: no SPDX-License-Identifier in its first two lines"
  done < <(sources core compiler bpf loader fallback tools tests)
}

check_layers() {
  layers_failed=0
  check_includes
  check_files
  return "$layers_failed"
}
