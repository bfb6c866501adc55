#!/usr/bin/env bash
# summary: tag this commit as the version of Directory.Build.props
#
# usage: ./seckill release [--check]
#
#   --check   check everything, tag nothing
#
# Refuses when the tree has changes, when CHANGELOG.md does not begin with a dated entry of this version, or when the version
# is not above the last tag. The tag has the entry as its message. Run ./seckill test before: release does not.
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

check=''
while [ $# -gt 0 ]; do
    case $1 in
        --check) check=1; shift ;;
        *) bad_usage "unknown option of release: $1" ;;
    esac
done

cd "$ROOT"
version=$(version) tag=v$(version)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || die "Directory.Build.props has version '$version'; a release needs three numbers"
[ -z "$(git status --porcelain)" ] || die "the tree has changes that are not committed"
! git rev-parse -q --verify "refs/tags/$tag" >/dev/null || die "$tag exists; set the next Version in Directory.Build.props"
last=$(git tag --list 'v*' | sed 's/^v//' | sort -V | tail -n 1)
[ "$(printf '%s\n' "$last" "$version" | sort -V | tail -n 1)" = "$version" ] || die "$version is not above $last, the last tag"

heading=$(grep -m 1 '^## ' CHANGELOG.md || true)
[[ $heading =~ ^"## [$version] - "([0-9]{4}-[0-9]{2}-[0-9]{2})$ ]] ||
    die "CHANGELOG.md must begin with '## [$version] - YYYY-MM-DD', and begins with '$heading'"
[[ ${BASH_REMATCH[1]} < $(date -d '+2 days' +%F) ]] || die "the date in CHANGELOG.md is in the future: ${BASH_REMATCH[1]}"
entry=$(awk '/^## / { if (found) exit; found = 1; next } found' CHANGELOG.md)
[ -n "${entry//[[:space:]]/}" ] || die "the entry of $version in CHANGELOG.md is empty"

if [ -n "$check" ]; then
    say "$tag can be made"
    exit
fi
git tag --annotate "$tag" --cleanup=verbatim --message "Seckill $version" --message "$entry"
say "tagged $tag. Next:"
echo "git push origin $tag"
for service in OrderService InventoryService; do
    image=seckill/$(sed 's/Service/-service/' <<<"${service,}"):$version
    echo "docker build -f $service/Dockerfile --build-arg VERSION=$version --build-arg REVISION=$(revision) -t $image ."
done
