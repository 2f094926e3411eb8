# The Debian package, by `cpack` in a build directory: one, `portcullis`, with everything that is installed.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME portcullis)
set(CPACK_PACKAGE_CONTACT "Portcullis maintainers <maintainers@portcullis.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "security groups and network ACLs on the ports of a Linux bridge")
set(CPACK_PACKAGE_DESCRIPTION "Enforces EC2-style security groups and network ACLs on VM taps and container veths, by BPF programs or nftables.
Reads the documents that the EC2 API returns. Enforcement outlives the daemon.")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_SET_DESTDIR ON)  # some of it lies outside the prefix
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)  # groupadd
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS systemd)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/conffiles ${CMAKE_CURRENT_LIST_DIR}/postinst ${CMAKE_CURRENT_LIST_DIR}/prerm ${CMAKE_CURRENT_LIST_DIR}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
