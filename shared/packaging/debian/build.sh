#!/bin/sh
# build.sh ROOT: makes dist/proxyd_VERSION_ARCH.deb of what `make install PREFIX=/usr DESTDIR=ROOT` has staged. Called by
# `make deb` from the root of the project. The same sources give the same bytes: times are that of the changelog, owners
# root, and files in order.
set -eu
umask 022
root=$1
here=shared/packaging/debian
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
[ "$(sed -n '1s/.*(\(.*\)).*/\1/p' $here/changelog)" = "$version" ] ||
  { echo "$here/changelog has no entry for $version: add one" >&2; exit 1; }
SOURCE_DATE_EPOCH=$(date -d "$(sed -n 's/^ -- .*>  //p' $here/changelog | head -n 1)" +%s)
export SOURCE_DATE_EPOCH
arch=$(dpkg --print-architecture)

# koffi's sources are there for machines without a native part, and that for another libc is for other systems.
koffi="$root/usr/lib/proxyd/node_modules/koffi"
find "$koffi/src/koffi/src" -type f ! -name 'static.*' -delete
rm -rf "$koffi/vendor" "$koffi/doc" "$koffi/lib" "$koffi/src/koffi/src/abi" "$koffi/cnoke.cjs" \
  "$root"/usr/lib/proxyd/node_modules/@koromix/*/musl_*

doc="$root/usr/share/doc/proxyd"
gzip -9n <$here/changelog >"$doc/changelog.gz"
{ cat LICENSE; echo; cat "$doc/LICENSES.txt"; } >"$doc/copyright"
rm "$doc/LICENSES.txt"
find "$root/usr/share/man" -name '*.[1-8]' -exec gzip -9n {} +
install -D -m 644 $here/lintian-overrides "$root/usr/share/lintian/overrides/proxyd"

find "$root" -type d -exec chmod 755 {} +
mkdir -p "$root/DEBIAN"
echo /etc/proxyd/proxyd.toml >"$root/DEBIAN/conffiles"
# As dpkg-gencontrol counts: KiB, each file and folder rounded up.
size=$(find "$root" -path "$root/DEBIAN" -prune -o -printf '%y %s\n' |
  awk '{ kib += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kib }')
sed -e "s/@version@/$version/" -e "s/@arch@/$arch/" -e "s/@size@/$size/" $here/control >"$root/DEBIAN/control"
for script in postinst prerm postrm; do install -m 755 "$here/$script" "$root/DEBIAN/$script"; done
(cd "$root" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum) \
  >"$root/DEBIAN/md5sums"
dpkg-deb --root-owner-group --threads-max=1 -Z"${DEB_COMPRESSION:-xz}" --build "$root" "dist/proxyd_${version}_$arch.deb"
