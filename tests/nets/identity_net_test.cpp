#include "resyncer/nets/identity_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch_folder.h"

namespace resyncer::nets {
namespace {

using testing::HasSubstr;

std::string fault_of(const std::filesystem::path& path) {
  try {
    load_identity_net(path);
  } catch (const core::Error& e) {
    EXPECT_EQ(e.kind(), core::ErrorKind::model) << e.what();
    return e.what();
  }
  return "";
}

TEST(IdentityNetwork, SavedIsLoadedBack) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  support::ScratchFolder folder;
  const auto path = folder / "identity.safetensors";
  IdentityNet saved(IdentityNetConfig{48, 12, 6}, 0.5);
  for (auto& p : saved->parameters()) p.add_(torch::randn_like(p) * 0.2);
  saved->eval();
  save_identity_net(path, saved);
  IdentityNet loaded = load_identity_net(path);
  EXPECT_EQ(loaded->config().side, 48);
  EXPECT_EQ(loaded->config().width, 12);
  EXPECT_EQ(loaded->config().embedding, 6);
  EXPECT_FALSE(loaded->is_training());
  const torch::Tensor pictures = 255 * torch::rand({3, 1, 48, 48});
  const torch::Tensor wanted = saved(pictures), got = loaded(pictures);
  EXPECT_EQ(got.sizes(), (std::vector<std::int64_t>{3, 6}));
  EXPECT_TRUE(torch::allclose(got, wanted, 0, 0.02));  // the weights are halves
  EXPECT_TRUE(torch::allclose(got.norm(2, 1), torch::ones({3}), 0, 1e-3));
  EXPECT_FALSE(torch::allclose(got[0], got[1], 0, 0.05));
}

TEST(IdentityNetwork, ForgetsInTrainingOnly) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(2);
  IdentityNet net(IdentityNetConfig{48, 8, 6}, 0.5);
  const torch::Tensor picture = 255 * torch::rand({1, 1, 48, 48});
  EXPECT_FALSE(torch::equal(net(picture), net(picture)));
  net->eval();
  EXPECT_TRUE(torch::equal(net(picture), net(picture)));
}

TEST(IdentityNetwork, HostileFilesAreRefused) {
  support::ScratchFolder folder;
  const auto path = folder / "identity.safetensors";
  IdentityNet net(IdentityNetConfig{48, 8, 6});
  for (const char* config : {"{}", "[]", R"({"side":48,"width":8,"embedding":"six"})",
                             R"({"side":48,"width":4000,"embedding":6})"}) {
    save_weights(path, {"identity", 1, config}, {{"", net.ptr().get()}});
    EXPECT_NE(fault_of(path), "") << config;
  }
  save_weights(path, {"identity", 1, R"({"side":48,"width":10,"embedding":6})"}, {{"", net.ptr().get()}});
  EXPECT_THAT(fault_of(path), HasSubstr("multiple of 4"));
  save_weights(path, {"identity", 1, R"({"side":48,"width":12,"embedding":6})"}, {{"", net.ptr().get()}});
  EXPECT_THAT(fault_of(path), HasSubstr("mis-shaped"));
  save_weights(path, {"sync-judge", 1, R"({"side":48,"width":8,"embedding":6})"}, {{"", net.ptr().get()}});
  EXPECT_THAT(fault_of(path), HasSubstr("identity"));
}

}  // namespace
}  // namespace resyncer::nets
