// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/metrics_text.h"

namespace portcullis {
namespace {

// Names of devices and ids of interfaces are bytes that others chose.
std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
        if (c == '\\' || c == '"') {
            text += '\\';
            text += c;
        } else if (c == '\n') {
            text += "\\n";
        } else {
            text += c;
        }
    }
    return text;
}

}  // namespace

void MetricsText::family(std::string_view name, Type type, std::string_view help) {
    name_ = name;
    text_ += "# HELP " + name_ + ' ' + std::string(help) + '\n';
    text_ += "# TYPE " + name_ + (type == Type::Counter ? " counter\n" : " gauge\n");
}

void MetricsText::sample(Labels labels, const std::string& value) {
    text_ += name_;
    char before = '{';
    for (const auto& [label, text] : labels) {
        text_ += before + std::string(label) + "=\"" + escaped(text) + '"';
        before = ',';
    }
    text_ += (before == ',' ? "} " : " ") + value + '\n';
}

}  // namespace portcullis
