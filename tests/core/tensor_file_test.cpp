#include "resyncer/core/tensor_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "support/scratch_folder.h"

namespace resyncer::core {
namespace {

std::vector<std::byte> with_header(const std::string& header, std::size_t data_bytes,
                                   std::uint64_t claimed = 0) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  std::uint64_t size = claimed != 0 ? claimed : header.size();
  std::memcpy(bytes.data(), &size, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

std::string fault_of(std::vector<std::byte> bytes) {
  try {
    TensorFile file(std::move(bytes), "x.safetensors");
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::model);
    return e.what();
  }
  return "";
}

TEST(TensorFile, WrittenIsReadBack) {
  support::ScratchFolder folder;
  auto path = folder / "a.safetensors";
  TensorFileWriter writer;
  writer.add("a", {2, 3}, {1, 2, 3, 4, 5, 6});
  std::uint8_t bytes[4] = {9, 8, 7, 6};
  writer.add("b", DType::u8, {4}, bytes);
  writer.set_meta("kind", "t\xC3\xA4st");
  writer.write(path);
  TensorFile file(path);
  EXPECT_EQ(file.get("a").to_floats(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(file.get("b", DType::u8, {-1}).to_floats(), (std::vector<float>{9, 8, 7, 6}));
  EXPECT_EQ(file.meta("kind"), "t\xC3\xA4st");
  TensorFile in_memory(writer.bytes(), "memory");
  EXPECT_EQ(in_memory.get("a").to_floats(), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(in_memory.meta("kind"), file.meta("kind"));
  EXPECT_THROW(file.get("c"), Error);
  EXPECT_THROW(file.get("a", DType::f32, {3, 2}), Error);
}

TEST(TensorFile, FaultsAreNamed) {
  using testing::internal::GetCapturedStdout;
  EXPECT_NE(fault_of({}).find("too short"), std::string::npos);
  EXPECT_NE(fault_of(with_header("{}", 0, 1000)).find("beyond the file"), std::string::npos);
  EXPECT_NE(fault_of(with_header("{\"a\": ", 0)).find("not valid JSON"), std::string::npos);
  EXPECT_NE(fault_of(with_header("[1,2]", 0)).find("not valid JSON"), std::string::npos);
  EXPECT_NE(
      fault_of(with_header(R"({"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,4]}})", 4)).find("dtype"),
      std::string::npos);
  EXPECT_NE(
      fault_of(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 4)).find("outside"),
      std::string::npos);
  EXPECT_NE(fault_of(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4))
                .find("fit its shape"),
            std::string::npos);
  EXPECT_NE(
      fault_of(
          with_header(
              R"({"a":{"dtype":"F32","shape":[4294967295,4294967295,4294967295],"data_offsets":[0,4]}})", 4))
          .find("too large"),
      std::string::npos);
  EXPECT_NE(
      fault_of(with_header(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4)).find("shape"),
      std::string::npos);
}

TEST(TensorFile, HalvesSurviveARoundTrip) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = float_from_half(static_cast<std::uint16_t>(bits));
    if (std::isnan(value)) continue;
    EXPECT_EQ(half_from_float(value), bits);
  }
  EXPECT_EQ(float_from_half(half_from_float(1e9F)), INFINITY);
}

}  // namespace
}  // namespace resyncer::core
