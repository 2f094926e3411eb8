// SPDX-License-Identifier: Apache-2.0
// Going through the attributes of a netlink message, or of one attribute that holds others.
#pragma once

#include <cstddef>
#include <functional>

struct nlattr;
struct nlmsghdr;

namespace portcullis {

using OnAttribute = std::function<void(const nlattr*)>;

// `header_bytes`: of the family's header, behind which the attributes stand.
void each_attribute(const nlmsghdr* message, std::size_t header_bytes, const OnAttribute& take);
void each_nested_attribute(const nlattr* attribute, const OnAttribute& take);

}  // namespace portcullis
