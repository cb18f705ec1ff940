#include "resyncer/nets/torch_build.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>

namespace resyncer::nets {

TorchBuild torch_build() {
  TorchBuild build;
  build.version = TORCH_VERSION;
  build.threads = at::get_num_threads();
  const std::string config = at::show_config(), key = "CPU capability usage: ";
  if (const std::size_t at = config.find(key); at != std::string::npos)
    build.capability = config.substr(at + key.size(), config.find('\n', at) - at - key.size());
  return build;
}

}  // namespace resyncer::nets
