#include "resyncer/nets/person.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "resyncer/nets/weights.h"
#include "support/scratch_folder.h"

namespace resyncer::nets {
namespace {

using core::DType;
using core::TensorFile;
using core::TensorFileWriter;
using testing::HasSubstr;

struct Toy : torch::nn::Module {
  torch::nn::Linear first{nullptr}, second{nullptr};
  Toy() {
    first = register_module("first", torch::nn::Linear(3, 4));
    second = register_module("second", torch::nn::Linear(4, 2));
  }
};

class Person : public testing::Test {
 protected:
  // What add_person says of a file with one tensor and this metadata; the weights must not have changed.
  std::string fault_of(const std::string& name, DType type, const std::vector<std::int64_t>& shape,
                       const void* data, const std::map<std::string, std::string>& meta = {}) {
    TensorFileWriter writer;
    std::uint16_t good[2] = {core::half_from_float(1), core::half_from_float(1)};
    writer.add("generator.second.bias", DType::f16, {2}, good);
    if (!name.empty()) writer.add(name, type, shape, data);
    for (const auto& [key, value] :
         std::map<std::string, std::string>{{"kind", "person"}, {"version", "1"}, {"base", "abc"}}) {
      auto other = meta.find(key);
      writer.set_meta(key, other == meta.end() ? value : other->second);
    }
    const torch::Tensor before = toy.second->bias.detach().clone();
    std::string fault;
    try {
      add_person(TensorFile(writer.bytes(), "x.person"), "abc", &toy);
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::model);
      fault = e.what();
      EXPECT_TRUE(torch::equal(before, toy.second->bias)) << "changed by a file that is refused";
    }
    return fault;
  }

  support::ScratchFolder folder;
  std::filesystem::path path = folder / "x.person.safetensors";
  Toy toy;
};

TEST_F(Person, OffsetsAreAddedToTheirWeightsAlone) {
  const torch::Tensor offset = torch::randn({4, 3}), weight = toy.first->weight.detach().clone(),
                      bias = toy.first->bias.detach().clone();
  save_person(path, "abc", {{"first.weight", offset}});
  add_person(TensorFile(path), "abc", &toy);
  EXPECT_TRUE(torch::allclose(toy.first->weight, weight + offset, 0, 4e-3));
  EXPECT_FALSE(torch::equal(toy.first->weight, weight));
  EXPECT_TRUE(torch::equal(toy.first->bias, bias));
}

TEST_F(Person, AFileWithoutOffsetsChangesNothing) {
  const torch::Tensor weight = toy.first->weight.detach().clone();
  save_person(path, "abc", {});
  add_person(TensorFile(path), "abc", &toy);
  EXPECT_TRUE(torch::equal(toy.first->weight, weight));
}

TEST_F(Person, AnotherBaseKindOrVersionIsRefused) {
  EXPECT_EQ(fault_of("", DType::f16, {}, nullptr), "");
  EXPECT_THAT(fault_of("", DType::f16, {}, nullptr, {{"base", "abd"}}), HasSubstr("personalize again"));
  EXPECT_THAT(fault_of("", DType::f16, {}, nullptr, {{"kind", "sync-judge"}}),
              HasSubstr("'sync-judge' file"));
  EXPECT_THAT(fault_of("", DType::f16, {}, nullptr, {{"version", "2"}}), HasSubstr("version 2"));
}

TEST_F(Person, WhatIsNoOffsetToAWeightIsRefused) {
  std::uint16_t values[4] = {};
  EXPECT_THAT(fault_of("generator.third.bias", DType::f16, {4}, values), HasSubstr("'generator.third.bias'"));
  EXPECT_THAT(fault_of("first.bias", DType::f16, {4}, values), HasSubstr("offset to no weight"));
  EXPECT_THAT(fault_of("motion.first.bias", DType::f16, {4}, values), HasSubstr("offset to no weight"));
  EXPECT_THAT(fault_of("generator.first.bias", DType::f16, {2, 2}, values), HasSubstr("shape"));
  float wide[4] = {};
  EXPECT_THAT(fault_of("generator.first.bias", DType::f32, {4}, wide), HasSubstr("float16"));
  values[1] = 0x7e00;
  EXPECT_THAT(fault_of("generator.first.bias", DType::f16, {4}, values), HasSubstr("no sensible numbers"));
}

TEST_F(Person, WhatDivergedIsNotWritten) {
  EXPECT_THROW(save_person(path, "abc", {{"first.bias", torch::full({4}, INFINITY)}}), core::Error);
  EXPECT_THROW(save_person(path, "abc", {{"first.bias", torch::full({4}, 1e9F)}}), core::Error);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace resyncer::nets
