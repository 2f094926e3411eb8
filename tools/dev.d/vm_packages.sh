# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# The kernels of verb vm: Debian's own packages of other suites, from the archive that this machine's apt uses. Sources, indices and
# downloads are private to build-vm/KERNEL/apt and checked against the archive's keyring; the machine's own configuration is only read.

# kernel version -> suite that has it
declare -A vm_suites=([5.10]=bullseye [6.1]=bookworm [6.12]=bookworm-backports)
vm_kernels=(5.10 6.1 6.12)

vm_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The archive of this machine's own suite: other suites lie beside it.
vm_archive() {
  local codename
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  # shellcheck disable=SC2016 # apt's own variables
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v codename="$codename" '$3 == "main" && ($2 == codename || $2 ~ /^(old)*stable$/) { print $1; exit }'
}

# vm_apt_configure DIRECTORY SUITE: how to reach the archive (proxies and the like) stays as this machine has it; everything else is ours.
vm_apt_configure() {
  local apt=$1 suite=$2 archive
  archive=$(vm_archive)
  [ -n "$archive" ] || die "this machine's apt has no source for a Debian release of its own"
  mkdir -p "$apt/none" "$apt/state/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  echo "deb [arch=amd64 signed-by=$vm_keyring] $archive $suite main" >"$apt/sources.list"
  {
    apt-config dump | grep '^Acquire::'
    cat <<CONFIGURATION
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none";
APT::Sandbox::User "root";
Dir::Etc::main "none";
Dir::Etc::parts "$apt/none";
Dir::Etc::preferences "none";
Dir::Etc::preferencesparts "$apt/none";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/none";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
CONFIGURATION
  } >"$apt/apt.conf"
}

# Prints NAME=VERSION of the kernel package that the suite's `linux-image-cloud-amd64` stands for.
vm_package_of() {
  apt-cache show linux-image-cloud-amd64 | sed -nE "s/^Depends: (linux-image-$1\.[^ ]*) \(= ([^)]*)\).*/\1=\2/p" | head -n 1
}

# vm_download KERNEL DIRECTORY: leaves the package as DIRECTORY/kernel.deb, with its checksum beside it once apt has verified it.
vm_download() {
  local kernel=$1 directory=$2 suite=${vm_suites[$1]} apt=$root/build-vm/$1/apt package
  say "downloading Debian's kernel $kernel"
  vm_apt_configure "$apt" "$suite"
  (
    export APT_CONFIG=$apt/apt.conf
    quietly "vm-update-$kernel.log" apt-get update -q || die "apt-get could not read the package lists of $suite"
    package=$(vm_package_of "$kernel")
    [ -n "$package" ] || die "$suite has no cloud kernel $kernel"
    rm -rf "$directory" && mkdir -p "$directory" && cd "$directory" || die "cannot make $directory"
    quietly "vm-download-$kernel.log" apt-get download -q "$package" || die "apt-get could not download $package"
    mv -- *.deb kernel.deb && sha256sum kernel.deb >kernel.deb.sha256 || die "cannot keep $package"
  ) || exit 1
}

# vm_kernel KERNEL: has build-vm/KERNEL/package hold the unpacked package; downloads when it was not.
vm_kernel() {
  local directory=$root/build-vm/$1
  if ! (cd "$directory/download" 2>/dev/null && sha256sum --check --status kernel.deb.sha256 2>/dev/null); then
    vm_download "$1" "$directory/download"
  fi
  rm -rf "$directory/package"
  dpkg-deb -x "$directory/download/kernel.deb" "$directory/package" || die "cannot unpack the kernel package $1"
}
