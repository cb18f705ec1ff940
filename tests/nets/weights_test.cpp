#include "resyncer/nets/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "support/scratch_folder.h"

namespace resyncer::nets {
namespace {

using core::DType;
using core::TensorFile;
using core::TensorFileWriter;
using testing::HasSubstr;

struct Toy : torch::nn::Module {
  torch::nn::Linear first{nullptr}, second{nullptr};
  torch::Tensor count;
  Toy() {
    first = register_module("first", torch::nn::Linear(3, 4));
    second = register_module("second", torch::nn::Linear(4, 2));
    count = register_buffer("count", torch::tensor({7}, torch::kInt64));
  }
};

class Weights : public testing::Test {
 protected:
  support::ScratchFolder folder;
  std::filesystem::path path = folder / "toy.safetensors";
};

std::string fault_of(const TensorFile& file, Toy* toy) {
  try {
    load_weights(file, {{"", toy}});
  } catch (const core::Error& e) {
    EXPECT_EQ(e.kind(), core::ErrorKind::model);
    return e.what();
  }
  return "";
}

void add_floats(TensorFileWriter* writer, const std::string& name, std::vector<std::int64_t> shape,
                float value = 0) {
  std::int64_t count = 1;
  for (auto n : shape) count *= n;
  writer->add(name, std::move(shape), std::vector<float>(std::size_t(count), value));
}

TEST_F(Weights, FullPrecisionIsExact) {
  Toy a, b;
  b.count.fill_(0);
  save_weights(path, {"toy", 3, R"({"n":1})"}, {{"x.", &a}}, Precision::full);
  TensorFile file(path);
  EXPECT_EQ(read_weights_header(file, "toy", 3).config, R"({"n":1})");
  load_weights(file, {{"x.", &b}});
  for (const auto& item : a.named_parameters())
    EXPECT_TRUE(torch::equal(item.value(), b.named_parameters()[item.key()]));
  EXPECT_EQ(b.count.item<int>(), 7);
}

TEST_F(Weights, HalfPrecisionIsSmallerAndClose) {
  Toy a, b;
  save_weights(path, {"toy", 1, "{}"}, {{"", &a}}, Precision::half);
  TensorFile file(path);
  EXPECT_EQ(file.get("first.weight").type, DType::f16);
  EXPECT_EQ(file.get("count").type, DType::i64);
  load_weights(file, {{"", &b}});
  EXPECT_TRUE(torch::allclose(a.first->weight, b.first->weight, 1e-3, 1e-4));
}

TEST_F(Weights, EveryFaultIsListedAtOnceAndNothingChanges) {
  TensorFileWriter writer;
  add_floats(&writer, "first.weight", {4, 4});
  add_floats(&writer, "first.bias", {4}, std::numeric_limits<float>::quiet_NaN());
  std::vector<std::int64_t> integers(8, 1);
  writer.add("second.weight", DType::i64, {2, 4}, integers.data());
  writer.add("count", DType::i64, {1}, integers.data());
  add_floats(&writer, "stranger", {1});
  writer.write(path);
  Toy toy;
  auto before = toy.first->weight.clone();
  std::string fault = fault_of(TensorFile(path), &toy);
  EXPECT_THAT(fault, HasSubstr("missing: second.bias"));
  EXPECT_THAT(fault, HasSubstr("unexpected: stranger"));
  EXPECT_THAT(fault, HasSubstr("mis-shaped: first.weight ([4,4], not [4,3])"));
  EXPECT_THAT(fault, HasSubstr("mis-typed: second.weight"));
  EXPECT_THAT(fault, HasSubstr("not finite: first.bias"));
  EXPECT_TRUE(torch::equal(before, toy.first->weight));
  EXPECT_EQ(toy.count.item<int>(), 7);
}

TEST_F(Weights, WrongKindOrVersionIsNamed) {
  Toy toy;
  save_weights(path, {"toy", 2, "{}"}, {{"", &toy}});
  TensorFile file(path);
  EXPECT_THROW(read_weights_header(file, "motion", 2), core::Error);
  EXPECT_THROW(read_weights_header(file, "toy", 1), core::Error);
}

TEST_F(Weights, DivergedNetworkIsNotWritten) {
  Toy toy;
  torch::NoGradGuard no_grad;
  toy.first->weight[0][0] = 1e6;  // beyond fp16
  EXPECT_THROW(save_weights(path, {"toy", 1, "{}"}, {{"", &toy}}, Precision::half), core::Error);
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_NO_THROW(save_weights(path, {"toy", 1, "{}"}, {{"", &toy}}, Precision::full));
}

TEST(Config, RoundTripAndFaults) {
  std::int64_t width = 64, depth = 3;
  std::vector<ConfigField> fields = {{"width", &width, 1, 512}, {"depth", &depth, 1, 16}};
  std::string text = write_config(fields);
  width = depth = 0;
  read_config(text, "x", fields);
  EXPECT_EQ(width, 64);
  EXPECT_EQ(depth, 3);
  auto fault = [&](const char* json) -> std::string {
    try {
      read_config(json, "x", fields);
    } catch (const core::Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(fault(R"({"width":100000000000,"extra":1})"),
              testing::AllOf(HasSubstr("missing: depth"), HasSubstr("unknown: extra"),
                             HasSubstr("width (1 to 512)")));
  EXPECT_THAT(fault(R"({"width":"64","depth":2.5})"),
              testing::AllOf(HasSubstr("width ("), HasSubstr("depth (")));
  EXPECT_THAT(fault(R"({"width":18446744073709551615,"depth":2})"), HasSubstr("width ("));
  EXPECT_THAT(fault("[1]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(fault("{\"width\":"), HasSubstr("not a JSON object"));
}

}  // namespace
}  // namespace resyncer::nets
