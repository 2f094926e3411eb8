// SPDX-License-Identifier: Apache-2.0
// The programs of bpf/xdp.bpf.c in the kernel, over the maps of the TC object. The only file that knows their skeleton. Destruction closes
// the descriptors; what is attached stays.
#pragma once

#include <cstdint>
#include <memory>

#include "core/result.h"
#include "loader/bpf_object.h"

namespace portcullis {

class XdpObject {
   public:
    [[nodiscard]] static Result<XdpObject> load(const BpfObject& object);
    XdpObject(XdpObject&&) noexcept;
    XdpObject& operator=(XdpObject&&) noexcept;
    XdpObject(const XdpObject&) = delete;
    XdpObject& operator=(const XdpObject&) = delete;
    ~XdpObject();

    struct Program {
        int fd = -1;  // the object's own
        std::uint32_t id = 0;
    };
    [[nodiscard]] const Program& for_ports() const;
    [[nodiscard]] const Program& for_uplinks() const;

   private:
    struct Skeleton;
    explicit XdpObject(std::unique_ptr<Skeleton> skeleton);
    std::unique_ptr<Skeleton> skeleton_;
};

}  // namespace portcullis
