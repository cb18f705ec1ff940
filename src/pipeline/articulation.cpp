#include "articulation.h"

#include <algorithm>
#include <map>

#include "resyncer/pipeline/prepare_speech.h"

namespace resyncer::pipeline {

namespace {

struct Articulation {
  const char* name;
  std::u32string signs;
};

// By lips and jaw first, then by the tongue. The order is the label.
const std::vector<Articulation>& articulation_table() {
  static const std::vector<Articulation> table = {
      {"silence", U""},
      {"bilabial", U"pbm\u0299\u0253"},
      {"labiodental", U"fv\u028B\u0271\u0278\u03B2"},
      {"dental", U"\u03B8\u00F0"},
      {"alveolar", U"tdn\u0288\u0256\u0273\u0257"},
      {"sibilant", U"sz"},
      {"postalveolar", U"\u0283\u0292\u0255\u0291\u0282\u0290"},
      {"lateral", U"l\u026B\u026D\u027A\u026C\u026E\u029F"},
      {"rhotic", U"r\u0279\u027E\u027B\u027D"},
      {"palatal", U"jc\u0272\u028E\u025F\u00E7\u029D"},
      {"velar", U"kgx\u0261\u014B\u0263\u0260\u0270"},
      {"back", U"hq\u0262\u03C7\u0281\u0280\u0274\u0127\u0295\u0266\u0294"},
      {"labiovelar", U"w\u0265\u028D"},
      {"close_rounded", U"uy\u028A\u0289\u028F\u0169"},
      {"mid_rounded", U"o\u00F8\u0275\u00F5"},
      {"open_rounded", U"\u0254\u0153\u0252\u0276"},
      {"close_spread", U"i\u026A\u0268\u026F\u0129"},
      {"mid_spread", U"e\u025B\u1EBD"},
      {"central", U"\u0259\u025C\u0258\u025A\u025D\u0264\u028C\u0250\u1D7B\u025E"},
      {"open", U"a\u00E6\u0251\u00E4\u00E3"},
  };
  return table;
}

}  // namespace

std::vector<char32_t> decode_utf8(const std::string& text) {
  std::vector<char32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80   ? 1
                         : lead < 0xC0 ? 0
                         : lead < 0xE0 ? 2
                         : lead < 0xF0 ? 3
                         : lead < 0xF8 ? 4
                                       : 0;
    if (length == 0 || i + length > text.size()) break;
    auto code = char32_t(length == 1 ? lead : lead & (0x7FU >> length));
    for (std::size_t k = 1; k < length; ++k)
      code = (code << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    out.push_back(code);
    i += length;
  }
  return out;
}

std::string ipa_of(const std::string& arpabet) {
  static const std::map<std::string, std::string> table = {{"AA", "\u0251"},  {"AE", "\u00E6"},
                                                           {"AH", "\u028C"},  {"AO", "\u0254"},
                                                           {"AW", "a\u028A"}, {"AY", "a\u026A"},
                                                           {"B", "b"},        {"CH", "t\u0283"},
                                                           {"D", "d"},        {"DH", "\u00F0"},
                                                           {"EH", "\u025B"},  {"ER", "\u025D"},
                                                           {"EY", "e\u026A"}, {"F", "f"},
                                                           {"G", "\u0261"},   {"HH", "h"},
                                                           {"IH", "\u026A"},  {"IY", "i"},
                                                           {"JH", "d\u0292"}, {"K", "k"},
                                                           {"L", "l"},        {"M", "m"},
                                                           {"N", "n"},        {"NG", "\u014B"},
                                                           {"OW", "o\u028A"}, {"OY", "\u0254\u026A"},
                                                           {"P", "p"},        {"R", "\u0279"},
                                                           {"S", "s"},        {"SH", "\u0283"},
                                                           {"T", "t"},        {"TH", "\u03B8"},
                                                           {"UH", "\u028A"},  {"UW", "u"},
                                                           {"V", "v"},        {"W", "w"},
                                                           {"Y", "j"},        {"Z", "z"},
                                                           {"ZH", "\u0292"}};
  const auto found = table.find(arpabet);
  return found == table.end() ? "" : found->second;
}

bool begins_with_stop(const std::string& ipa) {
  static const std::u32string stops = U"pbtdkgqc\u0261\u025F\u0288\u0256";
  auto signs = decode_utf8(ipa);
  return !signs.empty() && stops.find(signs[0]) != std::u32string::npos;
}

const std::vector<std::string>& articulation_classes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& entry : articulation_table()) list.emplace_back(entry.name);
    return list;
  }();
  return names;
}

std::vector<std::uint8_t> articulations(const std::string& ipa) {
  std::vector<std::uint8_t> out;
  if (!ipa.empty() && ipa[0] == '(') return out;  // "(en)": the language changes
  const auto& table = articulation_table();
  for (char32_t sign : decode_utf8(ipa)) {
    if (sign == U'h' && !out.empty()) continue;  // aspiration
    for (std::size_t i = 0; i < table.size(); ++i)
      if (table[i].signs.find(sign) != std::u32string::npos) {
        if (out.empty() || out.back() != i) out.push_back(std::uint8_t(i));
        break;
      }
  }
  return out;
}

}  // namespace resyncer::pipeline
