// Which LibTorch this is. A header without torch.
#pragma once

#include <string>

namespace resyncer::nets {

struct TorchBuild {
  std::string version;     // "1.13.1"
  std::string capability;  // of the CPU, as LibTorch sees it: "AVX512"
  int threads = 0;         // inside an operator, by default
};
TorchBuild torch_build();

}  // namespace resyncer::nets
