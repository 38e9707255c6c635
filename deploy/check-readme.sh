#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the shell blocks of Markdown pages in order, on a clean copy of this repository, and compares exit codes.
set -uo pipefail

usage() {
    cat <<'TEXT'
usage: check-readme.sh [--skip-build] [--verbose] [--keep] [--terminal NAME=COMMAND]... [--path DIRECTORY] [PAGE.md]...

Takes every block that starts with ```sh and runs it as a person would who types it into a terminal: what one block sets, changes
directory to or starts in the background is there in the next one of the same terminal. A block ends at its first failing command.
Without pages it takes README.md, README.zh-CN.md and docs/guide/*.md, save pages that say who else runs them.

Words after ```sh steer a block:
  terminal=NAME      which terminal it is typed into (default 1)
  code=N             the exit code it must have (default 0)
  until="COMMAND"    afterwards, repeat COMMAND in that terminal until it succeeds; for servers that need a moment
  timeout=SECONDS    how long it, and the repeating, may take (default 120)
  background         it starts a server that stays in the foreground: go on with the next block, end it after the last
  skip="REASON"      not run here; the reason is printed

options:
  --skip-build             skip blocks with deploy/demo.sh or deploy/test.sh, for callers that run those themselves
  --terminal NAME=COMMAND  run terminal NAME below COMMAND, such as `ip netns exec NAME`, with a home directory of its own:
                           the one of terminal X is ../home-X from that of terminal Y
  --path DIRECTORY         programs of the caller's that come first in PATH
  --verbose                print what every block printed, not only a failed one
  --keep                   leave the work directory behind and say where it is

environment:
  KOUAN   a kouan program (or the directory it is in); then that one is first in PATH and nothing need be built
TEXT
}

fail() {
    echo "check-readme.sh: error: $1" >&2
    [ -z "${2:-}" ] || echo "check-readme.sh: hint: $2" >&2
    exit "${3:-1}"
}

skip_build=no verbose=no keep=no path_first='' pages=()
declare -A prefix=()
while [ $# -gt 0 ]; do
    case "$1" in
    -h | --help) usage; exit 0 ;;
    --skip-build) skip_build=yes ;;
    --verbose) verbose=yes ;;
    --keep) keep=yes ;;
    --terminal)
        [[ ${2:-} == ?*=?* ]] || fail '`--terminal` needs NAME=COMMAND' '' 2
        prefix[${2%%=*}]=${2#*=}
        shift
        ;;
    --path)
        [ -d "${2:-}" ] || fail '`--path` needs a directory' '' 2
        path_first=$(realpath -- "$2")
        shift
        ;;
    -*) usage >&2; exit 2 ;;
    *) pages+=("$1") ;;
    esac
    shift
done

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
if [ ${#pages[@]} -eq 0 ]; then
    for page in README.md README.zh-CN.md docs/guide/*.md; do
        [ -f "$root/$page" ] || continue
        grep -q '^<!-- run by ' "$root/$page" || pages+=("$root/$page")
    done
fi
for page in "${pages[@]}"; do [ -f "$page" ] || fail "there is no page \`$page\`" '' 2; done

work=$(mktemp -d "${TMPDIR:-/tmp}/kouan-readme-XXXXXX") || fail 'no work directory'
declare -A leader=()   # terminal → process id of its shell, which leads a session and process group of its own
background=()          # "process-group leader" of background blocks

# Ends the process groups given, each by its leader's id: first asked, after ten seconds forced.
end_groups() {
    local id left=0
    for id in "$@"; do kill -TERM -- "-$id" 2>/dev/null; done
    for ((left = 100; left > 0; left--)); do
        local alive=no
        for id in "$@"; do kill -0 -- "-$id" 2>/dev/null && alive=yes; done
        [ $alive = yes ] || return 0
        sleep 0.1
    done
    for id in "$@"; do kill -KILL -- "-$id" 2>/dev/null; done
}

close_terminals() {
    [ ${#background[@]} -eq 0 ] || end_groups "${background[@]}"
    [ ${#leader[@]} -eq 0 ] || end_groups "${leader[@]}"
    wait 2>/dev/null
    leader=() background=()
}

finish() {
    close_terminals
    if [ $keep = yes ]; then echo "left behind: $work"; else rm -rf -- "$work"; fi
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -n "${KOUAN:-}" ]; then
    [ -d "$KOUAN" ] && KOUAN=$KOUAN/kouan
    [ -x "$KOUAN" ] || fail "\`$KOUAN\` is no program"
    mkdir "$work/bin"
    ln -s -- "$(realpath -- "$KOUAN")" "$work/bin/kouan"
fi

# One file per block, `NNN.sh`, its words in `NNN.info`, its first line's number in `NNN.line`.
extract() {
    awk -v out="$2" '
        /^```/ && inside { inside = 0; close(file); next }
        /^```sh([ \t]|$)/ {
            inside = 1
            base = sprintf("%s/%03d", out, ++count)
            file = base ".sh"
            info = $0
            sub(/^```sh[ \t]*/, "", info)
            print info > (base ".info"); close(base ".info")
            print NR + 1 > (base ".line"); close(base ".line")
            printf "" > file
            next
        }
        inside { print > file }
    ' "$1"
}

# The value of one word of a block: `word NAME DEFAULT INFO`. A bare word has the value `yes`.
word() {
    local rest=$3 key value
    while [[ $rest =~ ^[[:space:]]*([a-z]+)(=\"([^\"]*)\"|=([^[:space:]\"]*))?([[:space:]]|$) ]]; do
        key=${BASH_REMATCH[1]}
        value=${BASH_REMATCH[3]}${BASH_REMATCH[4]}
        [ -n "${BASH_REMATCH[2]}" ] || value=yes
        rest=${rest:${#BASH_REMATCH[0]}}
        [ "$key" != "$1" ] || { printf '%s' "$value"; return; }
    done
    printf '%s' "$2"
}

# What a terminal runs: reads the name of a block, runs it in itself, writes the exit code beside it.
cat >"$work/terminal.sh" <<'SHELL'
while IFS= read -r __block <&9; do
    __code=0
    trap '__code=$?; return $__code 2>/dev/null' ERR
    source "$__block" >>"$__block.out" 2>&1 </dev/null 9<&-
    trap - ERR
    echo "$__code" >"$__block.tmp" && mv -- "$__block.tmp" "$__block.code"
done
SHELL
# What a background block runs in: waits for the server and goes on after SIGTERM, so that the server's own code is seen.
cat >"$work/background.sh" <<'SHELL'
trap : TERM
source "$1"
echo $? >"$1.tmp" && mv -- "$1.tmp" "$1.code"
SHELL

clean_copy() {
    mkdir -p "$1"
    if git -C "$root" rev-parse --git-dir >/dev/null 2>&1; then
        (cd -- "$root" && git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
            [ -e "$file" ] && printf '%s\0' "$file"
        done | tar --null --no-recursion -T - -cf -) | tar -C "$1" -xf -
    else
        tar -C "$root" --exclude=./.build --exclude=./.git -cf - . | tar -C "$1" -xf -
    fi
}

open_terminal() {
    local name=$1 here=$2 start=()
    [ -z "${prefix[$name]:-}" ] || read -r -a start <<<"${prefix[$name]}"
    mkdir -p "$here/home-$name" "$here/tmp"
    mkfifo "$here/terminal-$name"
    local home=$here/home
    # Terminals of machines of their own have a home of their own.
    [ -z "${prefix[$name]:-}" ] || home=$here/home-$name
    mkdir -p "$home"
    local path=$PATH
    [ ! -d "$work/bin" ] || path=$work/bin:$path
    [ -z "$path_first" ] || path=$path_first:$path
    (
        cd -- "$here/copy" || exit 1
        exec env -u KOUAN -u KOUAN_DATA -u KOUAN_LANG -u KOUAN_TOKEN_FILE -u XDG_DATA_HOME -u BASH_ENV \
            HOME="$home" TMPDIR="$here/tmp" PATH="$path" LC_ALL=C.UTF-8 NO_COLOR=1 \
            setsid "${start[@]}" bash --noprofile --norc "$work/terminal.sh" 9<>"$here/terminal-$name" </dev/null
    ) &
    leader[$name]=$!
}

# Waits for a file, at most so many seconds; stops early when the terminal died.
await() {
    local file=$1 id=$3 tick
    for ((tick = $2 * 20; tick > 0; tick--)); do
        [ ! -e "$file" ] || return 0
        kill -0 "$id" 2>/dev/null || { sleep 0.2; [ -e "$file" ]; return; }
        sleep 0.05
    done
    return 1
}

# Hands a script to a terminal and gives its exit code, or 124 when it took too long.
type_in() {
    local name=$1 script=$2 seconds=$3 here=$4
    printf '%s\n' "$script" >"$here/terminal-$name"
    if ! await "$script.code" "$seconds" "${leader[$name]}"; then echo 124; return; fi
    cat -- "$script.code"
}

check_page() {
    local page=$1 number=$2 here=$work/page-$2 ran=0 skipped=0 bad=0
    mkdir -p "$here/blocks"
    clean_copy "$here/copy"
    extract "$page" "$here/blocks"
    local script
    for script in "$here"/blocks/*.sh; do
        [ -e "$script" ] || break
        local base=${script%.sh} info line reason name wanted limit until code
        info=$(<"$base.info") line=$(<"$base.line")
        reason=$(word skip '' "$info") name=$(word terminal 1 "$info") wanted=$(word code 0 "$info")
        limit=$(word timeout 120 "$info") until=$(word until '' "$info")
        if [ $skip_build = yes ] && grep -qE 'deploy/(demo|test)\.sh' "$script"; then reason='the caller runs it'; fi
        if [ -n "$reason" ]; then
            echo "  skip  line $line: $reason"
            skipped=$((skipped + 1))
            continue
        fi
        [ -n "${leader[$name]:-}" ] || open_terminal "$name" "$here"
        if [ "$(word background no "$info")" = yes ]; then
            printf 'setsid bash %q %q >%q 2>&1 </dev/null &\necho $! >%q\n' "$work/background.sh" "$script" "$script.out" "$script.pid" \
                >"$base.start"
            code=$(type_in "$name" "$base.start" 10 "$here")
            [ "$code" != 0 ] || background+=("$(<"$script.pid")")
        else
            code=$(type_in "$name" "$script" "$limit" "$here")
        fi
        if [ "$code" = "$wanted" ] && [ -n "$until" ]; then
            printf 'for ((__i = 0; __i < %d; __i++)); do\n    if OUT=%q eval %q; then break; fi\n    sleep 0.2\ndone\n[ $__i -lt %d ]\n' \
                $((limit * 5)) "$script.out" "$until" $((limit * 5)) >"$base.until"
            [ "$(type_in "$name" "$base.until" $((limit + 10)) "$here")" = 0 ] || code="$code, but \`$until\` stayed false"
        fi
        ran=$((ran + 1))
        if [ "$code" = "$wanted" ]; then
            echo "  ok    line $line: $(grep -v '^$' "$script" | head -n 1 | cut -c 1-100)"
            [ $verbose = no ] || [ ! -s "$script.out" ] || sed 's/^/        /' "$script.out"
        else
            [ "$code" != 124 ] || code="none within $limit s"
            echo "  FAIL  line $line: exit code $code, expected $wanted"
            sed 's/^/        | /' "$script"
            [ ! -e "$script.out" ] || tail -n 60 "$script.out" | sed 's/^/        /'
            for log in "$here"/home*/*/*.log "$here"/home*/*.log; do
                [ ! -s "$log" ] || { echo "        ${log##*/}:"; tail -n 12 "$log" | cut -c 1-400 | sed 's/^/          /'; }
            done
            bad=1
            break
        fi
    done
    close_terminals
    for script in "$here"/blocks/*.sh.pid; do
        [ -e "$script" ] || break
        code=$(cat -- "${script%.pid}.code" 2>/dev/null || echo none)
        if [ "$code" != 0 ]; then
            echo "  FAIL  the server of line $(<"${script%.sh.pid}.line") ended with code $code after SIGTERM"
            tail -n 12 "${script%.pid}.out" | cut -c 1-400 | sed 's/^/        /'
            bad=1
        fi
    done
    echo "$page: $ran blocks ran, $skipped skipped"
    return $bad
}

failed=0 number=0
declare -A checked=()
for page in "${pages[@]}"; do
    number=$((number + 1))
    echo "$page"
    check_page "$page" $number || failed=1
    checked[$(basename -- "$page")]=$work/page-$number/blocks
done

# The two READMEs teach the same commands.
if [ -n "${checked[README.md]:-}" ] && [ -n "${checked[README.zh-CN.md]:-}" ]; then
    for kind in sh info; do
        one=$(cat "${checked[README.md]}"/*.$kind) two=$(cat "${checked[README.zh-CN.md]}"/*.$kind)
        if [ "$one" != "$two" ]; then
            echo 'README.md and README.zh-CN.md do not have the same blocks:'
            diff <(printf '%s\n' "$one") <(printf '%s\n' "$two") | sed 's/^/    /'
            failed=1
        fi
    done
fi
[ $failed = 0 ] && echo 'check-readme.sh: every block did what it should'
exit $failed
