#include "resyncer/pipeline/content_hash.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

namespace fs = std::filesystem;

std::string hash_of(const std::string& text) { return content_hash(text.data(), text.size()); }

class ContentHash : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }

  support::ScratchFolder folder_;
};

TEST_F(ContentHash, TestVectorsOfTheStandard) {
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash_of(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_F(ContentHash, FileIsHashedLikeItsBytesAcrossBlocks) {
  for (std::size_t size : {std::size_t{0}, std::size_t{1}, (std::size_t{1} << 20) - 1, std::size_t{1} << 20,
                           (std::size_t{2} << 20) + 17}) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = char(i * 31 + i / 1000);
    EXPECT_EQ(content_hash(write("a b", text)), hash_of(text)) << size;
  }
}

TEST_F(ContentHash, OneBitMakesAnotherHash) {
  EXPECT_NE(content_hash(write("a", "video")), content_hash(write("b", "vidgo")));
  EXPECT_EQ(content_hash(write("c", "video")), content_hash(write("d", "video")));
}

TEST_F(ContentHash, WhatIsNoReadableFileIsAnInputError) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const fs::path& path : {folder_ / "absent", folder_.path(), pipe}) {
    try {
      content_hash(path);
      ADD_FAILURE() << path;
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::input);
      EXPECT_NE(std::string(e.what()).find(path.string()), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace resyncer::pipeline
