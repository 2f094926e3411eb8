// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/model_reduction.h"

#include <functional>

namespace portcullis::test {
namespace {

class Reducer {
   public:
    explicit Reducer(const Model& model) : model_(model) {}

    std::vector<Model> all() {
        host_policies();
        for (std::size_t port = 0; port < model_.ports.size(); ++port) {
            port_keys(port);
        }
        if (model_.has_network_acls) {
            without([](Model& model) {
                model.network_acls.clear();
                model.has_network_acls = false;
            });
        }
        for (std::size_t acl = 0; acl < model_.network_acls.size(); ++acl) {
            each_of([=](Model & model) -> auto& { return model.network_acls[acl].entries[0]; });
            each_of([=](Model & model) -> auto& { return model.network_acls[acl].entries[1]; });
        }
        for (std::size_t group = 0; group < model_.security_groups.size(); ++group) {
            each_of([=](Model & model) -> auto& { return model.security_groups[group].rules[0]; });
            each_of([=](Model & model) -> auto& { return model.security_groups[group].rules[1]; });
        }
        for (std::size_t i = 0; i < model_.network_interfaces.size(); ++i) {
            interface_keys(i);
        }
        each_of([](Model & model) -> auto& { return model.prefix_lists; });
        return std::move(models_);
    }

   private:
    void without(const std::function<void(Model&)>& remove) {
        Model smaller = model_;
        remove(smaller);
        models_.push_back(std::move(smaller));
    }

    // The whole list, then each element.
    template <class ListOf>
    void each_of(ListOf list_of) {
        Model copy = model_;
        const std::size_t size = list_of(copy).size();
        if (size > 1) {
            without([&](Model& model) { list_of(model).clear(); });
        }
        for (std::size_t i = 0; i < size; ++i) {
            without([&](Model& model) {
                auto& list = list_of(model);
                list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
            });
        }
    }

    // Sets what is not as it is by default to that.
    template <class ValueOf>
    void reset(ValueOf value_of) {
        Model copy = model_;
        using Value = std::remove_reference_t<decltype(value_of(copy))>;
        if (!(value_of(copy) == Value{})) {
            without([&](Model& model) { value_of(model) = Value{}; });
        }
    }

    void host_policies() {
        reset([](Model & model) -> auto& { return model.services; });
        for (std::size_t i = 0; i < model_.bridges.size(); ++i) {
            reset([=](Model & model) -> auto& { return model.bridges[i].services; });
        }
        each_of([](Model & model) -> auto& { return model.deny_cidrs; });
        reset([](Model & model) -> auto& { return model.isolates_instances; });
        reset([](Model & model) -> auto& { return model.host_services; });
        reset([](Model & model) -> auto& { return model.on_deny; });
        reset([](Model & model) -> auto& { return model.on_revoke; });
    }

    void port_keys(std::size_t port) {
        each_of([=](Model & model) -> auto& { return model.ports[port].allowed_addresses; });
        each_of([=](Model & model) -> auto& { return model.ports[port].allowed_sources; });
        each_of([=](Model & model) -> auto& { return model.ports[port].multicast; });
        reset([=](Model & model) -> auto& { return model.ports[port].track_all; });
        reset([=](Model & model) -> auto& { return model.ports[port].services; });
        reset([=](Model & model) -> auto& { return model.ports[port].on_revoke; });
    }

    void interface_keys(std::size_t i) {
        each_of([=](Model & model) -> auto& { return model.network_interfaces[i].delegated_prefixes; });
        if (model_.network_interfaces[i].addresses.size() > 1) {
            each_of([=](Model & model) -> auto& { return model.network_interfaces[i].addresses; });
        }
        each_of([=](Model & model) -> auto& { return model.network_interfaces[i].group_ids; });
        if (!model_.network_interfaces[i].source_dest_check) {
            without([=](Model& model) { model.network_interfaces[i].source_dest_check = true; });
        }
    }

    const Model& model_;
    std::vector<Model> models_;
};

}  // namespace

std::vector<Model> reductions(const Model& model) { return Reducer(model).all(); }

}  // namespace portcullis::test
