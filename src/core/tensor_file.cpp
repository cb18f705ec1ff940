#include "resyncer/core/tensor_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "resyncer/core/output_file.h"

namespace resyncer::core {

namespace {
using nlohmann::json;
constexpr std::size_t kMaxHeader = std::size_t{64} << 20;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 40;  // of one tensor

const std::map<std::string, DType>& dtype_names() {
  static const std::map<std::string, DType> names = {{"F32", DType::f32},   {"F16", DType::f16},
                                                     {"BF16", DType::bf16}, {"I64", DType::i64},
                                                     {"I32", DType::i32},   {"U8", DType::u8}};
  return names;
}
}  // namespace

std::size_t size_of(DType type) {
  switch (type) {
    case DType::f32:
    case DType::i32:
      return 4;
    case DType::f16:
    case DType::bf16:
      return 2;
    case DType::i64:
      return 8;
    case DType::u8:
      return 1;
  }
  return 1;
}

const char* name(DType type) {
  for (const auto& [text, value] : dtype_names())
    if (value == type) return text.c_str();
  return "?";
}

std::int64_t TensorView::count() const {
  std::int64_t n = 1;
  for (auto extent : shape) n *= extent;
  return n;
}

std::vector<float> TensorView::to_floats() const {
  std::vector<float> out(static_cast<std::size_t>(count()));
  // Tensors in a file need not be aligned, so every element is copied out.
  auto each = [&](auto sample, auto convert) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      auto value = sample;
      std::memcpy(&value, data + i * sizeof(value), sizeof(value));
      out[i] = convert(value);
    }
  };
  switch (type) {
    case DType::f32:
      each(float{}, [](float v) { return v; });
      break;
    case DType::f16:
      each(std::uint16_t{}, [](std::uint16_t v) { return float_from_half(v); });
      break;
    case DType::bf16:
      each(std::uint16_t{}, [](std::uint16_t v) {
        std::uint32_t bits = std::uint32_t(v) << 16;
        float f;
        std::memcpy(&f, &bits, 4);
        return f;
      });
      break;
    case DType::i64:
      each(std::int64_t{}, [](std::int64_t v) { return float(v); });
      break;
    case DType::i32:
      each(std::int32_t{}, [](std::int32_t v) { return float(v); });
      break;
    case DType::u8:
      each(std::uint8_t{}, [](std::uint8_t v) { return float(v); });
      break;
  }
  return out;
}

struct TensorFile::Storage {
  void* mapped = MAP_FAILED;
  std::size_t size = 0;
  std::vector<std::byte> bytes;
  ~Storage() {
    if (mapped != MAP_FAILED) ::munmap(mapped, size);
  }
};

TensorFile::~TensorFile() = default;
TensorFile::TensorFile(TensorFile&&) noexcept = default;
TensorFile& TensorFile::operator=(TensorFile&&) noexcept = default;

void TensorFile::fail(const std::string& what) const {
  throw Error(kind_, what, place_, "fetch or make the file again");
}

TensorFile::TensorFile(const std::filesystem::path& path, ErrorKind kind)
    : storage_(std::make_unique<Storage>()), place_(path.string()), kind_(kind) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(std::strerror(errno));
  struct stat info {};
  bool regular = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
  if (regular && info.st_size >= 8) {
    storage_->size = static_cast<std::size_t>(info.st_size);
    storage_->mapped = ::mmap(nullptr, storage_->size, PROT_READ, MAP_PRIVATE, fd, 0);
  }
  ::close(fd);
  if (!regular) fail("is not a regular file");
  if (info.st_size < 8)
    fail("is too short for a safetensors file (" + std::to_string(info.st_size) + " bytes)");
  if (storage_->mapped == MAP_FAILED) fail("cannot be mapped into memory");
  parse(static_cast<const std::byte*>(storage_->mapped), storage_->size);
}

TensorFile::TensorFile(std::vector<std::byte> bytes, const std::string& place, ErrorKind kind)
    : storage_(std::make_unique<Storage>()), place_(place), kind_(kind) {
  storage_->bytes = std::move(bytes);
  if (storage_->bytes.size() < 8) fail("is too short for a safetensors file");
  parse(storage_->bytes.data(), storage_->bytes.size());
}

namespace {
// Reads one header entry; returns the fault, or an empty text.
std::string read_entry(const json& entry, const std::byte* data, std::size_t data_size, TensorView* out) {
  if (!entry.is_object()) return "its entry is not an object";
  auto type = entry.find("dtype"), shape = entry.find("shape"), offsets = entry.find("data_offsets");
  if (type == entry.end() || !type->is_string() || dtype_names().count(type->get<std::string>()) == 0)
    return "its dtype is missing or unknown";
  if (shape == entry.end() || !shape->is_array() || shape->size() > 8)
    return "its shape is missing or malformed";
  if (offsets == entry.end() || !offsets->is_array() || offsets->size() != 2 ||
      !(*offsets)[0].is_number_unsigned() || !(*offsets)[1].is_number_unsigned())
    return "its data offsets are missing or malformed";
  out->type = dtype_names().at(type->get<std::string>());
  std::uint64_t bytes = size_of(out->type);
  for (const auto& extent : *shape) {
    if (!extent.is_number_unsigned()) return "its shape is missing or malformed";
    auto n = extent.get<std::uint64_t>();
    // Beside an extent of 0 the others count too: they become loops and allocations elsewhere.
    if (n > kMaxBytes || (n != 0 && bytes > kMaxBytes / n)) return "its shape is too large";
    bytes *= n;
    out->shape.push_back(static_cast<std::int64_t>(n));
  }
  auto begin = (*offsets)[0].get<std::uint64_t>(), end = (*offsets)[1].get<std::uint64_t>();
  if (begin > end || end > data_size) return "its data lies outside the file (truncated?)";
  if (end - begin != bytes) return "its data size does not fit its shape";
  out->data = data + begin;
  out->bytes = static_cast<std::size_t>(bytes);
  return {};
}
}  // namespace

void TensorFile::parse(const std::byte* bytes, std::size_t size) {
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes, 8);
  if (header_size > kMaxHeader || header_size > size - 8)
    fail("the header reaches beyond the file (truncated?)");
  const char* text = reinterpret_cast<const char*>(bytes) + 8;
  int depth = 0;
  bool too_deep =
      false;  // nlohmann's parser is recursive in its destructor only, but refuse deep nesting anyway
  auto guard = [&](int level, json::parse_event_t, json&) {
    depth = level;
    too_deep = too_deep || level > 8;
    return level <= 8;
  };
  json header = json::parse(text, text + header_size, guard, false);
  if (header.is_discarded() || too_deep || !header.is_object()) fail("the header is not valid JSON");
  const std::byte* data = bytes + 8 + header_size;
  std::size_t data_size = size - 8 - static_cast<std::size_t>(header_size);
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      if (!entry.is_object()) fail("the metadata is not an object");
      for (const auto& [name, value] : entry.items()) {
        if (!value.is_string()) fail("metadata '" + name + "' is not a text");
        metadata_[name] = value.get<std::string>();
      }
      continue;
    }
    TensorView view;
    std::string fault = read_entry(entry, data, data_size, &view);
    if (!fault.empty()) fail(std::string("tensor '").append(key).append("': ").append(fault));
    tensors_.emplace(key, std::move(view));
  }
}

const TensorView& TensorFile::get(const std::string& tensor) const {
  auto it = tensors_.find(tensor);
  if (it == tensors_.end()) fail("tensor '" + tensor + "' is missing");
  return it->second;
}

const TensorView& TensorFile::get(const std::string& tensor, DType type,
                                  const std::vector<std::int64_t>& shape) const {
  const TensorView& view = get(tensor);
  bool fits = view.type == type && view.shape.size() == shape.size();
  for (std::size_t i = 0; fits && i < shape.size(); ++i) fits = shape[i] < 0 || shape[i] == view.shape[i];
  if (!fits) fail("tensor '" + tensor + "' has the wrong type or shape");
  return view;
}

const std::string& TensorFile::meta(const std::string& key) const {
  auto it = metadata_.find(key);
  if (it == metadata_.end()) fail("metadata '" + key + "' is missing");
  return it->second;
}

void TensorFileWriter::add(const std::string& name, DType type, std::vector<std::int64_t> shape,
                           const void* data) {
  std::size_t bytes = size_of(type);
  for (auto extent : shape) bytes *= static_cast<std::size_t>(extent);
  const auto* begin = static_cast<const std::byte*>(data);
  entries_[name] = Entry{type, std::move(shape), std::vector<std::byte>(begin, begin + bytes)};
}

void TensorFileWriter::add(const std::string& name, std::vector<std::int64_t> shape,
                           const std::vector<float>& data) {
  add(name, DType::f32, std::move(shape), data.data());
}

// The text with its length before it.
std::string TensorFileWriter::header() const {
  json header = json::object();
  if (!metadata_.empty()) header["__metadata__"] = metadata_;
  std::size_t offset = 0;
  for (const auto& [key, entry] : entries_) {
    header[key] = {{"dtype", core::name(entry.type)},
                   {"shape", entry.shape},
                   {"data_offsets", {offset, offset + entry.data.size()}}};
    offset += entry.data.size();
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data starts aligned
  std::uint64_t size = text.size();
  return std::string(reinterpret_cast<const char*>(&size), 8) + text;
}

std::vector<std::byte> TensorFileWriter::bytes() const {
  const std::string start = header();
  std::size_t total = start.size();
  for (const auto& [key, entry] : entries_) total += entry.data.size();
  std::vector<std::byte> out(total);
  std::memcpy(out.data(), start.data(), start.size());
  std::size_t at = start.size();
  for (const auto& [key, entry] : entries_) {
    if (!entry.data.empty()) std::memcpy(out.data() + at, entry.data.data(), entry.data.size());
    at += entry.data.size();
  }
  return out;
}

void TensorFileWriter::write(const std::filesystem::path& path) const {
  OutputFile output(path);
  std::ofstream stream(output.temporary(), std::ios::binary);
  const std::string start = header();
  stream.write(start.data(), static_cast<std::streamsize>(start.size()));
  for (const auto& [key, entry] : entries_)
    stream.write(reinterpret_cast<const char*>(entry.data.data()),
                 static_cast<std::streamsize>(entry.data.size()));
  stream.close();
  if (!stream) throw Error(ErrorKind::output, "writing failed", path.string(), "is the disk full?");
  output.commit();
}

float float_from_half(std::uint16_t bits) {
  std::uint32_t sign = std::uint32_t(bits & 0x8000U) << 16, exponent = (bits >> 10) & 31U,
                mantissa = bits & 1023U;
  std::uint32_t out = 0;
  if (exponent == 31) {
    out = sign | 0x7f800000U | (mantissa << 13);
  } else if (exponent != 0) {
    out = sign | ((exponent + 112) << 23) | (mantissa << 13);
  } else {
    float value = float(mantissa) * 0x1p-24F;
    std::memcpy(&out, &value, 4);
    out |= sign;
  }
  float result;
  std::memcpy(&result, &out, 4);
  return result;
}

std::uint16_t half_from_float(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, 4);
  auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000U);
  float magnitude;
  std::uint32_t positive = bits & 0x7fffffffU;
  std::memcpy(&magnitude, &positive, 4);
  if (positive > 0x7f800000U) return sign | 0x7e00U;
  if (magnitude >= 65520.F) return sign | 0x7c00U;
  if (magnitude < 0x1p-14F) {  // subnormal: let the FPU round to a multiple of 2^-24
    float scaled = magnitude * 0x1p24F + 0x1p23F;
    std::uint32_t rounded;
    std::memcpy(&rounded, &scaled, 4);
    return static_cast<std::uint16_t>(sign | (rounded & 0x7fffU));
  }
  std::uint32_t half = positive - (112U << 23) + 0xfffU + ((positive >> 13) & 1U);
  return static_cast<std::uint16_t>(sign | (half >> 13));
}

}  // namespace resyncer::core
