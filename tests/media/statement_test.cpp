// What results say of themselves: tags beside the source's own, XMP where the container has a place for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "media/libav.h"
#include "media/media_samples.h"
#include "media/xmp_box.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_writer.h"

namespace resyncer::media::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(XmpBox, BytesOfTheSpecification) {
  std::string box = xmp_box("<x/>");
  EXPECT_EQ(box, std::string("\x00\x00\x00\x1Cuuid"
                             "\xBE\x7A\xCF\xCB\x97\xA9\x42\xE8\x9C\x71\x99\x94\x91\xE3\xAF\xAC<x/>",
                             28));
  box = xmp_box(std::string(0x12345 - 24, 'a'));
  EXPECT_EQ(box.substr(0, 4), std::string("\x00\x01\x23\x45", 4));
  EXPECT_EQ(box.size(), 0x12345U);
}

TEST(XmpBox, AppendingToWhatCannotBeWrittenIsAnOutputError) {
  support::ScratchFolder folder;
  try {
    append_xmp_box(folder.path(), "<x/>");
    ADD_FAILURE();
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::output);
  }
}

// Types and contents of the boxes at the top of an MP4.
std::vector<std::pair<std::string, std::string>> top_boxes(const std::string& bytes) {
  std::vector<std::pair<std::string, std::string>> boxes;
  for (std::size_t at = 0; at + 8 <= bytes.size();) {
    std::uint32_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(bytes[at + i]);
    if (size < 8 || at + size > bytes.size()) break;
    boxes.emplace_back(bytes.substr(at + 4, 4), bytes.substr(at + 8, size - 8));
    at += size;
  }
  return boxes;
}

class Statements : public ::testing::Test {
 protected:
  void SetUp() override {
    VideoSample sample;
    sample.pts = regular_pts(3);
    write_video(folder / "in.mkv", sample);
  }
  void write(const std::string& in, const std::string& out, const Statement& statement) {
    VideoReader reader(folder / in);
    EncoderOptions encoder;
    encoder.codec = "libx264";
    encoder.bit_exact = true;
    MuxOptions mux{folder / in, "", false, statement};
    VideoWriter writer(folder / out, reader, encoder, mux);
    while (std::optional<VideoFrame> frame = reader.read()) writer.write(*frame);
    writer.finish();
  }
  std::map<std::string, std::string> tags(const std::string& name) {
    AVFormatContext* context = nullptr;
    EXPECT_GE(avformat_open_input(&context, (folder / name).c_str(), nullptr, nullptr), 0);
    Demuxer file(context);
    std::map<std::string, std::string> found;
    const AVDictionaryEntry* entry = nullptr;
    while ((entry = av_dict_get(file->metadata, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
      std::string key = entry->key;
      for (char& c : key) c = char(std::tolower(c));
      found[key] = entry->value;
    }
    return found;
  }

  support::ScratchFolder folder;
};

TEST_F(Statements, TheSourcesTagsStayAndOursFollow) {
  for (const char* from : {"a.mp4", "a.mov", "a.mkv"}) {
    write("in.mkv", from, {{{"comment", "by me\nof two lines"}, {"title", "Mine \xC3\xBC"}}, ""});
    for (const char* to : {"b.mp4", "b.mov", "b.mkv"}) {
      write(from, to, {{{"comment", "altered"}}, ""});
      auto found = tags(to);
      EXPECT_EQ(found["comment"], "by me\nof two lines\naltered") << from << ' ' << to;
      EXPECT_EQ(found["title"], "Mine \xC3\xBC") << from << ' ' << to;
      write(to, std::string("again-") + to, {{{"comment", "altered"}}, ""});
      EXPECT_EQ(tags(std::string("again-") + to)["comment"], "by me\nof two lines\naltered") << "said once";
    }
  }
}

TEST_F(Statements, XmpStandsWhereTheContainersSpecificationWantsIt) {
  const std::string packet = "<x>" + std::string(300, 'p') + "</x>";
  for (const char* name : {"out.mp4", "out.m4v"}) {
    write("in.mkv", name, {{}, packet});
    auto boxes = top_boxes(read_bytes(folder / name));
    ASSERT_FALSE(boxes.empty());
    EXPECT_EQ(boxes.front().first, "ftyp");
    EXPECT_EQ(boxes.back().first, "uuid");
    EXPECT_EQ(boxes.back().second.substr(16), packet);
    EXPECT_EQ(packets_of(folder / name).at(0).bytes.size(), 3U) << "players are not disturbed";
  }
  write("in.mkv", "out.mov", {{}, packet});
  for (const auto& [type, content] : top_boxes(read_bytes(folder / "out.mov"))) {
    EXPECT_NE(type, "uuid");
    if (type == "moov") {
      EXPECT_THAT(content, HasSubstr("XMP_" + packet));
    }
  }
  write("in.mkv", "out.mkv", {{}, packet});
  EXPECT_THAT(read_bytes(folder / "out.mkv"), Not(HasSubstr(packet)));
}

TEST_F(Statements, NothingIsSaidUnasked) {
  write("in.mkv", "out.mp4", {});
  EXPECT_EQ(tags("out.mp4").count("comment"), 0U);
  for (const auto& box : top_boxes(read_bytes(folder / "out.mp4"))) EXPECT_NE(box.first, "uuid");
}

}  // namespace
}  // namespace resyncer::media::testing
