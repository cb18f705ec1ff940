// The one file format of the project for numbers: safetensors (8-byte little-endian header length, JSON
// header, raw little-endian data). Weights, the face model, datasets, analyses and person files are all such
// files. It runs no code, and a damaged or hostile file is refused with a sentence that names the fault.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "resyncer/core/error.h"

namespace resyncer::core {

enum class DType { f32, f16, bf16, i64, i32, u8 };

std::size_t size_of(DType type);
const char* name(DType type);

// A view into a TensorFile (valid as long as the file object lives).
struct TensorView {
  DType type = DType::f32;
  std::vector<std::int64_t> shape;
  const std::byte* data = nullptr;
  std::size_t bytes = 0;

  std::int64_t count() const;  // number of elements
  // Converted copy as float; any of the float types, or integers.
  std::vector<float> to_floats() const;
  // Bytes only: wider numbers may lie at any address.
  template <typename T>
  const T* as() const {
    static_assert(sizeof(T) == 1);
    return reinterpret_cast<const T*>(data);
  }
};

// Read-only, memory-mapped. Throws Error of `kind` (input for user files, model for weights).
class TensorFile {
 public:
  explicit TensorFile(const std::filesystem::path& path, ErrorKind kind = ErrorKind::model);
  // Parses bytes in memory; `place` names them in errors. Used by the fuzzer.
  TensorFile(std::vector<std::byte> bytes, const std::string& place, ErrorKind kind = ErrorKind::model);
  ~TensorFile();
  TensorFile(TensorFile&&) noexcept;
  TensorFile& operator=(TensorFile&&) noexcept;

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::string& place() const { return place_; }
  bool has(const std::string& tensor) const { return tensors_.count(tensor) > 0; }

  // Throws when the tensor is missing, or, with a shape given, differs from it (-1 = any extent).
  const TensorView& get(const std::string& tensor) const;
  const TensorView& get(const std::string& tensor, DType type, const std::vector<std::int64_t>& shape) const;
  const std::string& meta(const std::string& key) const;

 private:
  void parse(const std::byte* bytes, std::size_t size);
  [[noreturn]] void fail(const std::string& what) const;

  struct Storage;
  std::unique_ptr<Storage> storage_;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
  std::string place_;
  ErrorKind kind_ = ErrorKind::model;
};

// Collects tensors and writes them to a temporary name beside the target, then renames.
class TensorFileWriter {
 public:
  void add(const std::string& name, DType type, std::vector<std::int64_t> shape, const void* data);
  void add(const std::string& name, std::vector<std::int64_t> shape, const std::vector<float>& data);
  void set_meta(const std::string& key, const std::string& value) { metadata_[key] = value; }
  // Throws Error{output}.
  void write(const std::filesystem::path& path) const;
  std::vector<std::byte> bytes() const;  // of the file, for TensorFile

 private:
  std::string header() const;
  struct Entry {
    DType type = DType::f32;
    std::vector<std::int64_t> shape;
    std::vector<std::byte> data;
  };
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

float float_from_half(std::uint16_t bits);
std::uint16_t half_from_float(float value);

}  // namespace resyncer::core
