// What the bits of a result depend on beside this program and its inputs.
#pragma once

#include <map>
#include <string>

namespace resyncer::pipeline {

// "cpu": maker, family, model and vector instructions; "libraries": those that compute or code pictures, by
// the versions in their file names; "compiler"; "settings": of the environment that choose other machine
// code.
std::map<std::string, std::string> machine_kind();

// Of the text of /proc/cpuinfo.
std::string cpu_kind(const std::string& cpuinfo);

}  // namespace resyncer::pipeline
