#include "resyncer/pipeline/content_hash.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {
constexpr std::size_t kBlock = std::size_t{1} << 20;

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    demand(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void add(const void* data, std::size_t bytes) {
    demand(EVP_DigestUpdate(context_.get(), data, bytes) == 1);
  }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    demand(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += "0123456789abcdef"[digest[i] >> 4];
      text += "0123456789abcdef"[digest[i] & 15];
    }
    return text;
  }

 private:
  static void demand(bool done) {
    if (!done) throw core::Error(core::ErrorKind::internal, "OpenSSL cannot compute SHA-256");
  }

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};
}  // namespace

std::string content_hash(const void* data, std::size_t bytes) {
  Sha256 hash;
  hash.add(data, bytes);
  return hash.hex();
}

std::string content_hash(const std::filesystem::path& file) {
  auto fail = [&](const std::string& why) -> core::Error {
    return {core::ErrorKind::input, why, file.string()};
  };
  std::error_code error;
  // Opening a pipe would wait, and a folder opens but cannot be read.
  const bool regular = std::filesystem::is_regular_file(file, error);
  if (error) throw fail(error.message());
  if (!regular) throw fail("is not a regular file");
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "rb"), std::fclose);
  if (!in) throw fail(std::strerror(errno));
  Sha256 hash;
  std::vector<char> block(kBlock);
  while (std::size_t n = std::fread(block.data(), 1, block.size(), in.get())) hash.add(block.data(), n);
  if (std::ferror(in.get()) != 0) throw fail("cannot be read to its end");
  return hash.hex();
}

}  // namespace resyncer::pipeline
