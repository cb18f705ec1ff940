// Reads every source of the project and fails on an include that the layers of docs/architecture.md forbid.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace resyncer {
namespace {

namespace fs = std::filesystem;

// From the bottom up (docs/architecture.md); modules of one level do not know each other.
const std::map<std::string, int> kLevels = {
    {"core", 0},      {"media", 1},   {"track", 1}, {"mesh", 1},  {"nets", 1}, {"speech", 2},   {"motion", 2},
    {"generator", 2}, {"compose", 2}, {"sync", 2},  {"identity", 2},  {"train", 3}, {"eval", 1}, {"pipeline", 4}, {"cli", 5},
};
const std::set<std::string> kTorchInHeaders = {"nets"};
const std::set<std::string> kTorchInSources = {"nets", "speech", "motion", "generator", "sync", "identity", "train"};

enum class FileKind { public_header, private_header, source };

struct Breach {
  int line;
  std::string what;
};

bool is_torch(const std::string& include) {
  return std::regex_search(include, std::regex("^(torch|ATen|c10|caffe2)/"));
}

bool is_libav(const std::string& include) {
  return std::regex_search(include, std::regex("^lib(av[a-z]+|swscale|swresample|postproc)/"));
}

// The text without comments and string contents, lines kept; the paths of includes stay.
std::string without_comments(const std::string& text) {
  std::string out;
  enum { code, line_comment, block_comment, quoted } state = code;
  bool include = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i], next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\n') {
      include = false;
      if (state != block_comment) state = code;
      out += c;
    } else if (state == code) {
      if (c == '#') include = std::regex_search(text.substr(i, 40), std::regex(R"(^#\s*include)"));
      if (c == '/' && next == '/') {
        state = line_comment;
      } else if (c == '/' && next == '*') {
        state = block_comment;
      } else {
        if (c == '"' && !include && (i == 0 || text[i - 1] != '\'')) state = quoted;
        out += c;
      }
    } else if (state == quoted) {
      if (c == '\\') ++i;
      if (c == '"') state = code, out += c;
    } else if (state == block_comment && c == '*' && next == '/') {
      state = code;
      ++i;
    }
  }
  return out;
}

std::vector<Breach> breaches_of(const std::string& module, FileKind kind, const std::string& text) {
  static const std::regex include_line(R"(^\s*#\s*include\s*[<"]([^">]+)[">])");
  static const std::regex own_header(R"(^(?:resyncer/)?([a-z0-9_]+)/)");
  static const std::regex using_namespace(R"(\busing\s+namespace\b)");
  std::vector<Breach> found;
  std::istringstream lines(without_comments(text));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (kind != FileKind::source && std::regex_search(line, using_namespace))
      found.push_back({number, "using namespace in a header"});
    std::smatch match;
    if (!std::regex_search(line, match, include_line)) continue;
    const std::string path = match[1];
    if (is_torch(path) &&
        (kind == FileKind::public_header ? kTorchInHeaders : kTorchInSources).count(module) == 0)
      found.push_back({number, module + " may not include " + path +
                                   " here (torch stays in nets' public headers and inside "
                                   "nets, speech, motion, generator, sync, train)"});
    if (is_libav(path) && module != "media") found.push_back({number, "only media includes libav: " + path});
    const bool of_project = path.rfind("resyncer/", 0) == 0;
    if (!std::regex_search(path, match, own_header)) continue;
    const std::string other = match[1];
    const auto level = kLevels.find(other);
    if (level == kLevels.end()) {
      if (of_project) found.push_back({number, "unknown module " + other});
      continue;
    }
    if (other == module) continue;
    if (!of_project) {  // "mesh/private.h": a private header of src/mesh
      found.push_back({number, module + " includes " + path + ", a private header of " + other});
      continue;
    }
    const int own = kLevels.at(module);
    if (level->second == own) found.push_back({number, module + " may not know its sibling " + other});
    if (level->second > own)
      found.push_back({number, module + " may not include " + other + ", which stands above it"});
  }
  return found;
}

bool is_header(const fs::path& path) { return path.extension() == ".h" || path.extension() == ".hpp"; }

bool is_source(const fs::path& path) {
  return is_header(path) || path.extension() == ".cpp" || path.extension() == ".cc";
}

TEST(Layers, EveryIncludePointsDownwards) {
  int files = 0;
  for (const char* root : {"include/resyncer", "src"}) {
    const fs::path folder = fs::path(RESYNCER_SOURCE_DIR) / root;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (!entry.is_regular_file() || !is_source(entry.path())) continue;
      const fs::path relative = fs::relative(entry.path(), folder);
      const std::string module = relative.begin()->string();
      if (kLevels.count(module) == 0) {
        ADD_FAILURE() << entry.path().string() << ":1: lies in no module of the layer list";
        continue;
      }
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      const FileKind kind = !is_header(entry.path())     ? FileKind::source
                            : std::string(root) == "src" ? FileKind::private_header
                                                         : FileKind::public_header;
      for (const Breach& b : breaches_of(module, kind, text))
        ADD_FAILURE() << entry.path().string() << ":" << b.line << ": " << b.what;
      ++files;
    }
  }
  EXPECT_GT(files, 10);
}

std::vector<int> lines_of(const std::string& module, bool header, const std::string& text) {
  std::vector<int> lines;
  for (const Breach& b : breaches_of(module, header ? FileKind::public_header : FileKind::source, text))
    lines.push_back(b.line);
  return lines;
}

TEST(Layers, TheReaderSeesBreaches) {
  using Lines = std::vector<int>;
  EXPECT_EQ(lines_of("core", true, "#pragma once\n#include \"resyncer/media/video_frame.h\"\n"), Lines{2});
  EXPECT_EQ(lines_of("compose", false, "#include \"resyncer/generator/patch.h\"\n"), Lines{1});
  EXPECT_EQ(lines_of("pipeline", false, "\n\n # include <resyncer/cli/x.h>\n"), Lines{3});
  EXPECT_EQ(lines_of("cli", false, "#include \"resyncer/nowhere/x.h\"\n"), Lines{1});
  EXPECT_EQ(lines_of("pipeline", false, "#include \"compose/picture.h\"\n"), Lines{1});
  EXPECT_EQ(lines_of("motion", true, "#include <torch/torch.h>\n"), Lines{1});
  EXPECT_EQ(lines_of("compose", false, "#include <ATen/core/Tensor.h>\n"), Lines{1});
  EXPECT_EQ(lines_of("track", false, "extern \"C\" {\n#include <libavutil/frame.h>\n}\n"), Lines{2});
  EXPECT_EQ(lines_of("track", true, "  using namespace std;\n"), Lines{1});
  EXPECT_EQ(lines_of("core", true, "/* a\n b */\n#include \"resyncer/cli/x.h\"  // why\n"), Lines{3});
}

TEST(Layers, TheReaderLetsTheRestPass) {
  const std::vector<int> none;
  EXPECT_EQ(
      lines_of("compose", true, "#include \"resyncer/core/patch.h\"\n#include \"resyncer/media/x.h\"\n"),
      none);
  EXPECT_EQ(
      lines_of("compose", false, "#include \"compose/picture.h\"\n#include \"rows.h\"\n#include <vector>\n"),
      none);
  EXPECT_EQ(lines_of("nets", true, "#include <torch/torch.h>\n"), none);
  EXPECT_EQ(lines_of("generator", false, "#include <torch/torch.h>\n"), none);
  EXPECT_EQ(lines_of("media", false, "#include <libavcodec/avcodec.h>\nusing namespace x;\n"), none);
  EXPECT_EQ(lines_of("mesh", true, "struct AVFrame;\n// #include <torch/torch.h>\n// using namespace std;\n"),
            none);
  EXPECT_EQ(lines_of("core", true, "/*\n#include \"resyncer/cli/x.h\"\n*/\n"), none);
}

}  // namespace
}  // namespace resyncer
