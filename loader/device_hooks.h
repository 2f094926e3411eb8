// SPDX-License-Identifier: Apache-2.0
// Which devices have both our programs, and how they get and lose them. A device with our programs that the maps do not know is closed, so
// attaching comes first and detaching last. Knows devices by number and asks the kernel every time whether they still are what they were.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/dataplane.h"
#include "core/result.h"
#include "core/work.h"
#include "loader/attachment.h"
#include "loader/bpf_object.h"
#include "loader/host_image.h"
#include "loader/log.h"
#include "loader/standing.h"

namespace portcullis {

inline constexpr std::array kDirections = {Direction::Outbound, Direction::Inbound};

class DeviceHooks {
   public:
    // Pre: `object` outlives it.
    DeviceHooks(Attachments attachments, const BpfObject& object, LogCallback log, WorkCallback work);
    [[nodiscard]] AttachMode mode() const { return attachments_.mode(); }

    // Devices that a former daemon's maps know: those that hold its programs are left to take_over. Gives the others, of which nothing is
    // left: gone, or another device under the same number.
    [[nodiscard]] Result<std::vector<std::uint32_t>> adopt(std::span<const std::uint32_t> devices, const Standing& standing);
    // Devices that had our programs and do not any more: gone, another device under the same number, or tampered with. The caller closes
    // each of them in the maps, then forgets it: only then may close_newcomers attach to its successor.
    [[nodiscard]] Result<std::vector<std::uint32_t>> find_lost(std::span<const DeviceBinding> devices, const Standing& standing) const;
    // Whether both hooks of the device hold our programs, or, as long as they have not been replaced, a former daemon's.
    [[nodiscard]] Result<bool> holds_enforcement(std::uint32_t ifindex, const Standing& standing) const;
    void forget(std::uint32_t ifindex) { devices_.erase(ifindex); }
    // Attaches to the ports that have no programs of ours yet; they are closed then, as the maps do not know them. Those on which a former
    // daemon's programs stand are left to take_over. Gives the devices without those that do not exist.
    [[nodiscard]] Result<std::vector<DeviceBinding>> close_newcomers(std::span<const DeviceBinding> devices, const Standing& standing);
    // Puts our programs in place of the former daemon's, hook by hook. Stops at the first failure; can be called again.
    [[nodiscard]] Result<> take_over(const Standing& standing);
    // Looks at every hook, and puts right what is not as it was left: see Dataplane::heal. A device that has lost both programs, of which
    // nothing tells whether it is the same one, or one that cannot be given back, is closed by `close` in the maps and begins anew
    // with the next apply (find_lost). Devices that do not exist any more are passed over.
    using CloseDevice = std::function<Result<>(std::uint32_t)>;
    [[nodiscard]] Healing heal(const CloseDevice& close);
    // What others have at the hooks of devices that hold our programs. Devices that do not exist any more are passed over.
    [[nodiscard]] Result<std::vector<Neighbour>> neighbours();
    [[nodiscard]] std::vector<std::uint32_t> devices() const;
    // Pins of links that were removed are made anew. Gives what they are of.
    [[nodiscard]] Result<std::vector<std::string>> pin_again();
    // Takes our programs off devices that are not among these. What fails is said and tried again the next time.
    void release_others(std::span<const DeviceBinding> devices);
    // The same for a former daemon's programs.
    void release_others_of(const Standing& standing, std::span<const DeviceBinding> devices);

   private:
    enum class State : std::uint8_t {
        Ours,
        Standing,  // a former daemon's
        Closed,    // by heal: it has our programs, or is to have them, and begins anew
    };
    using Views = std::array<HookView, 2>;  // by Direction
    struct Program {
        int fd = -1;
        std::uint32_t id = 0;
    };
    [[nodiscard]] Result<> attach(std::uint32_t ifindex);
    [[nodiscard]] Result<> detach(std::uint32_t ifindex);
    // Both hooks of the device, asked of the kernel.
    [[nodiscard]] Result<bool> holds_ours(std::uint32_t ifindex) const;
    [[nodiscard]] Result<Views> look(std::uint32_t ifindex);
    [[nodiscard]] bool put_right(const Hook& hook, const HookView& view, Healing& healing);
    [[nodiscard]] bool put_right(std::uint32_t ifindex, const Views& views, Healing& healing);
    void begin_anew(std::uint32_t ifindex, const CloseDevice& close, Healing& healing);
    void say(const Error& error) const;
    Attachments attachments_;
    std::array<Program, 2> programs_;  // by Direction
    LogCallback log_;
    WorkCallback work_;
    std::map<std::uint32_t, State> devices_;
};

}  // namespace portcullis
