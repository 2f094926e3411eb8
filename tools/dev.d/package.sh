# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Verb package: the Debian package, of a build without tests.

verb_package() {
  local package
  need_packages "${packages_build[@]}" "${packages_package[@]}"
  build_preset release
  rm -f build/portcullis_*.deb # of other versions
  quietly package.log cpack --config build-release/CPackConfig.cmake -B "$root/build" || die "cpack could not make the package"
  package=$(echo build/portcullis_*.deb)
  say "made $package; 'apt install ./$package' installs it and starts nothing"
}
