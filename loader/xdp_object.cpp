// SPDX-License-Identifier: Apache-2.0
#include "loader/xdp_object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <cerrno>

#include "loader/verifier_log.h"
#include "xdp.skel.h"

namespace portcullis {
namespace {

// By name: both objects are compiled from one list of maps (bpf/maps.h).
Result<> share_maps(bpf_object* xdp, const BpfObject& object) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, xdp) {
        if (::bpf_map__is_internal(map)) {
            continue;
        }
        const auto shared = object.map(::bpf_map__name(map));
        if (!shared) {
            return fail(shared.error());
        }
        if (const int result = ::bpf_map__reuse_fd(map, shared->value()); result != 0) {
            return fail(Error::from_errno("cannot share the map " + std::string(::bpf_map__name(map)), -result));
        }
    }
    return {};
}

Result<XdpObject::Program> program_of(const bpf_program* program) {
    bpf_prog_info info{};
    std::uint32_t bytes = sizeof(info);
    const int fd = ::bpf_program__fd(program);
    if (const int result = ::bpf_obj_get_info_by_fd(fd, &info, &bytes); result != 0) {
        return fail(Error::from_errno("cannot ask the kernel about " + std::string(::bpf_program__name(program)), -result));
    }
    return XdpObject::Program{.fd = fd, .id = info.id};
}

}  // namespace

struct XdpObject::Skeleton {
    xdp_bpf* opened = nullptr;
    Program for_ports;
    Program for_uplinks;
    explicit Skeleton(xdp_bpf* skeleton) : opened(skeleton) {}
    Skeleton(const Skeleton&) = delete;
    Skeleton& operator=(const Skeleton&) = delete;
    Skeleton(Skeleton&&) = delete;
    Skeleton& operator=(Skeleton&&) = delete;
    ~Skeleton() { xdp_bpf__destroy(opened); }
};

XdpObject::XdpObject(std::unique_ptr<Skeleton> skeleton) : skeleton_(std::move(skeleton)) {}
XdpObject::XdpObject(XdpObject&&) noexcept = default;
XdpObject& XdpObject::operator=(XdpObject&&) noexcept = default;
XdpObject::~XdpObject() = default;

Result<XdpObject> XdpObject::load(const BpfObject& object) {
    VerifierLog log;
    LIBBPF_OPTS(bpf_object_open_opts, options);
    options.kernel_log_buf = log.buffer();
    options.kernel_log_size = VerifierLog::kBytes;
    auto skeleton = std::make_unique<Skeleton>(xdp_bpf__open_opts(&options));
    if (skeleton->opened == nullptr) {
        return fail(Error::from_errno("cannot open the XDP object", errno));
    }
    if (auto shared = share_maps(skeleton->opened->obj, object); !shared) {
        return fail(std::move(shared.error()));
    }
    if (const int result = xdp_bpf__load(skeleton->opened); result != 0) {
        return fail(log.added_to(Error::from_errno("cannot load the XDP programs", -result)));
    }
    auto for_ports = program_of(skeleton->opened->progs.pc_xdp_port);
    auto for_uplinks = program_of(skeleton->opened->progs.pc_xdp_uplink);
    if (!for_ports || !for_uplinks) {
        return fail(!for_ports ? for_ports.error() : for_uplinks.error());
    }
    skeleton->for_ports = *for_ports;
    skeleton->for_uplinks = *for_uplinks;
    return XdpObject(std::move(skeleton));
}

const XdpObject::Program& XdpObject::for_ports() const { return skeleton_->for_ports; }
const XdpObject::Program& XdpObject::for_uplinks() const { return skeleton_->for_uplinks; }

}  // namespace portcullis
