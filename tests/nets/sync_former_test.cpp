#include "resyncer/nets/sync_former.h"

#include <gtest/gtest.h>

#include "support/scratch_folder.h"

namespace resyncer::nets {
namespace {

SpeechEncoderConfig small_speech() { return {80, 16, 5}; }

SyncFormerConfig small_former() {
  SyncFormerConfig config;
  config.coefficients = 5;
  config.components = 4;
  config.audio = 16;
  config.width = 16;
  config.feed_forward = 24;
  config.history = 6;
  config.reach = 4;
  return config;
}

// Random values in every parameter: biases and gains start at zero, which would hide mistakes.
void randomize(torch::nn::Module* module) {
  torch::NoGradGuard no_grad;
  for (auto& p : module->parameters()) p.add_(torch::randn_like(p) * 0.2);
}

struct FormerInput {
  torch::Tensor past, known, features, inside, style;
};

FormerInput random_input(const SyncFormerConfig& c, std::int64_t batch, std::int64_t length) {
  std::int64_t count = 2 * length + 2 * c.reach - 2;
  return {torch::randn({batch, length, c.coefficients}), torch::ones({batch, length}),
          torch::randn({batch, count, c.audio}), torch::ones({batch, count}),
          torch::randn({batch, c.style_size})};
}

// With weights that all matter, and without dropout.
SyncFormer ready_former(const SyncFormerConfig& config) {
  SyncFormer former(config);
  randomize(former.get());
  former->eval();
  return former;
}

TEST(SpeechEncoder, PartsWithContextGiveTheSameAsTheWhole) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  SpeechEncoder encoder(small_speech());
  encoder->eval();
  std::int64_t context = encoder->config().mel_context();
  torch::Tensor mel = torch::randn({1, 2 * 50 + 2 * context, 80});
  torch::Tensor whole = encoder(mel);
  ASSERT_EQ(whole.size(1), 50);
  torch::Tensor part = encoder(mel.slice(1, 2 * 20, 2 * 31 + 2 * context));
  EXPECT_EQ(part.size(1), 11);
  EXPECT_TRUE(torch::allclose(part, whole.slice(1, 20, 31), 1e-5, 1e-5));
}

TEST(SpeechEncoder, HearsAsFarAsItsDilationsReach) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  for (std::int64_t cycle : {1, 3, 5}) {
    SpeechEncoderConfig config = small_speech();
    config.blocks = 6;
    config.cycle = cycle;
    std::int64_t context = 0;
    for (std::int64_t i = 0; i < config.blocks; ++i) context += std::int64_t{1} << (i % cycle);
    EXPECT_EQ(config.context(), context);
    SpeechEncoder encoder(config);
    encoder->eval();
    torch::Tensor mel = torch::randn({1, 2 + 2 * config.mel_context(), 80}), far = mel.clone();
    far.select(1, 0).add_(1);  // the first mel frame that the only feature hears
    EXPECT_FALSE(torch::equal(encoder(mel), encoder(far))) << cycle;
  }
}

TEST(SyncFormer, LooksNeitherAheadNorBeyondItsWindows) {
  torch::NoGradGuard no_grad;
  torch::manual_seed(2);
  SyncFormerConfig c = small_former();
  SyncFormer former = ready_former(c);
  auto in = random_input(c, 1, 20);
  auto out = former(in.past, in.known, in.features, in.inside, in.style);
  auto changed_rows = [&](const torch::Tensor& other) {
    auto differs = (out - other).abs().amax(2).squeeze(0) > 1e-6;
    return torch::nonzero(differs).flatten();
  };
  // Past mesh 10 (token 10): seen by tokens 10 to 10 + layers * (history - 1).
  auto past = in.past.clone();
  past[0][10] += 1;
  auto rows = changed_rows(former(past, in.known, in.features, in.inside, in.style));
  EXPECT_EQ(rows.min().item<int>(), 10);
  EXPECT_LE(rows.max().item<int>(), 10 + int(c.layers * (c.history - 1)));
  EXPECT_GT(rows.max().item<int>(), 11);
  // Feature p is seen by frames with 2i <= p < 2i + 2 reach, and through history by later ones.
  auto features = in.features.clone();
  features[0][21] += 1;
  rows = changed_rows(former(in.past, in.known, features, in.inside, in.style));
  EXPECT_EQ(rows.min().item<int>(), 7);  // the first i with 2i + 8 > 21
  // A feature outside the clip may hold anything, except on the direct path, which such frames do not have.
  auto inside = in.inside.clone();
  inside.slice(1, 0, 2).zero_();
  out = former(in.past, in.known, in.features, inside, in.style);
  features = in.features.clone();
  features.slice(1, 0, 2) += 100;
  EXPECT_TRUE(torch::allclose(out, former(in.past, in.known, features, inside, in.style)));
}

TEST(SyncFormer, UnknownMeshesDoNotMatter) {
  torch::NoGradGuard no_grad;
  SyncFormerConfig c = small_former();
  SyncFormer former = ready_former(c);
  auto in = random_input(c, 2, 9);
  in.known.zero_();
  auto a = former(in.past, in.known, in.features, in.inside, in.style);
  auto b = former(in.past + 5, in.known, in.features, in.inside, in.style);
  EXPECT_TRUE(torch::allclose(a, b));
}

TEST(SyncFormer, DirectPathIsPartOfTheWhole) {
  torch::NoGradGuard no_grad;
  SyncFormerConfig c = small_former();
  SyncFormer former = ready_former(c);
  auto in = random_input(c, 2, 9);
  auto whole = former(in.past, in.known, in.features, in.inside, in.style);
  EXPECT_FALSE(torch::allclose(whole, former->forward_direct(in.features, in.style)));
  former->mesh_out->weight.zero_();
  former->mesh_out->bias.zero_();
  whole = former(in.past, in.known, in.features, in.inside, in.style);
  EXPECT_TRUE(torch::allclose(whole, former->forward_direct(in.features, in.style), 1e-4, 1e-5));
}

TEST(SyncFormer, StyleIgnoresPadding) {
  torch::NoGradGuard no_grad;
  SyncFormerConfig c = small_former();
  SyncFormer former = ready_former(c);
  auto meshes = torch::randn({1, 12, c.coefficients});
  auto seen = torch::ones({1, 12});
  seen.slice(1, 7).zero_();
  auto padded = former->encode_style(meshes, seen);
  auto cut = former->encode_style(meshes.slice(1, 0, 7), torch::ones({1, 7}));
  EXPECT_TRUE(torch::allclose(padded, cut, 1e-4, 1e-5));
  EXPECT_EQ(padded.size(1), c.style_size);
}

TEST(MotionNetworks, SavedIsLoadedBackAndHostileFilesAreRefused) {
  torch::NoGradGuard no_grad;
  support::ScratchFolder folder;
  auto path = folder / "motion.safetensors";
  MotionNetworks saved(small_speech(), small_former());
  randomize(saved.former.get());
  save_motion_networks(path, saved, Precision::full);
  MotionNetworks loaded = load_motion_networks(path);
  EXPECT_EQ(loaded.config(), saved.config());
  saved.former->eval();
  auto in = random_input(small_former(), 1, 8);
  EXPECT_TRUE(torch::equal(saved.former(in.past, in.known, in.features, in.inside, in.style),
                           loaded.former(in.past, in.known, in.features, in.inside, in.style)));
  // Configs that are legal JSON and illegal networks.
  for (const char* config : {"{}", R"({"width":"wide"})", "[]"}) {
    save_weights(path, {"motion", 4, config}, saved.named());
    EXPECT_THROW(load_motion_networks(path), core::Error) << config;
  }
  auto uneven = small_former();
  uneven.heads = 3;  // does not divide the width
  SpeechEncoderConfig speech = small_speech();
  auto fields = speech.fields();
  for (const auto& field : uneven.fields()) fields.push_back(field);
  save_weights(path, {"motion", 4, write_config(fields)}, saved.named());
  EXPECT_THROW(load_motion_networks(path), core::Error);
}

}  // namespace
}  // namespace resyncer::nets
