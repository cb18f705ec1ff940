#include "resyncer/pipeline/prepare_speech.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "resyncer/core/error.h"
#include "resyncer/speech/features.h"
#include "speech_rows.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

// From our own arithmetic: the distributions of the standard library differ between systems.
int below(int count, std::mt19937_64* random) { return int((*random)() % std::uint64_t(count)); }
int between(int low, int high, std::mt19937_64* random) { return low + below(high - low + 1, random); }

const std::string& pick(const std::vector<std::string>& list, std::mt19937_64* random) {
  return list[std::size_t(below(int(list.size()), random))];
}

// Languages whose spelling in Latin letters espeak-ng reads by rules; others get phonemes and numbers.
bool reads_latin(const std::string& language) {
  static const std::vector<std::string> latin = {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "sv",
                                                 "fi", "hu", "cs", "ro", "id", "sw", "hr", "da", "nb"};
  return std::find(latin.begin(), latin.end(), language.substr(0, 2)) != latin.end();
}

std::string spelt_word(std::mt19937_64* random) {
  static const std::vector<std::string> onsets = {
      "b",  "p",  "m",  "f",  "v",  "w",  "t", "d", "n", "s",  "z",  "l",  "r", "k",  "g",  "h", "j", "ch",
      "sh", "th", "st", "tr", "pl", "br", "",  "m", "b", "sp", "kr", "fl", "c", "qu", "gr", "p", "sm"};
  static const std::vector<std::string> nuclei = {"a", "e", "i",  "o",  "u",  "a",  "e",  "i",  "o",
                                                  "u", "y", "ai", "ou", "ea", "oo", "au", "ei", "ie"};
  static const std::vector<std::string> codas = {"",  "",  "",  "",  "n",  "m",  "s", "r",
                                                 "l", "t", "p", "k", "nd", "mp", "st"};
  std::string word;
  for (int i = between(1, 4, random); i > 0; --i)
    word += pick(onsets, random) + pick(nuclei, random) + pick(codas, random);
  return word;
}

// Mnemonics that nearly every language of espeak-ng knows; a word ends where one is unknown.
std::string phoneme_word(std::mt19937_64* random) {
  static const std::vector<std::string> onsets = {"p", "b", "m", "f", "v", "t", "d", "n", "s", "z", "l",
                                                  "r", "k", "g", "j", "w", "S", "p", "b", "m", "h", ""};
  static const std::vector<std::string> nuclei = {"a", "e", "i", "o", "u", "a", "e",
                                                  "i", "o", "u", "@", "E", "O"};
  static const std::vector<std::string> codas = {"", "", "", "", "n", "m", "s", "l", "t", "k", "p"};
  int syllables = between(1, 4, random), stressed = below(syllables, random);
  std::string word = "[[";
  for (int i = 0; i < syllables; ++i)
    word += pick(onsets, random) + (i == stressed ? "'" : "") + pick(nuclei, random) + pick(codas, random);
  return word + "]]";
}

std::string random_text(const std::string& language, std::mt19937_64* random) {
  std::string text;
  bool latin = reads_latin(language);
  for (int i = between(4, 10, random); i > 0; --i) {
    int kind = below(100, random);
    if (kind < 20)
      text += std::to_string(below(kind < 10 ? 100 : 100000, random));
    else if (latin && kind < 70)
      text += spelt_word(random);
    else
      text += phoneme_word(random);
    if (i > 1) text += below(8, random) == 0 ? ", " : " ";
  }
  return text + (below(4, random) == 0 ? "?" : ".");
}

}  // namespace

const std::vector<std::string>& default_speech_languages() {
  static const std::vector<std::string> list = {"en-us", "en-gb-x-rp", "en-gb-scotland",
                                                "de",    "fr",         "es",
                                                "it",    "pt-br",      "nl",
                                                "pl",    "tr",         "sv",
                                                "fi",    "hu",         "cs",
                                                "ro",    "id",         "sw",
                                                "hr",    "da",         "nb",
                                                "ru",    "uk",         "el",
                                                "ar",    "fa",         "hi",
                                                "bn",    "ta",         "cmn",
                                                "ja",    "ko",         "vi"};
  return list;
}

// Voices with clean sound: those with echo, effects or a croak are left out.
const std::vector<std::string>& default_speech_variants() {
  static const std::vector<std::string> list = {
      "",      "m1",      "m2",     "m3",      "m4",    "m5",     "m6",      "m7",       "f1",
      "f2",    "f3",      "f4",     "f5",      "klatt", "klatt2", "klatt3",  "klatt4",   "adam",
      "Alex",  "Alicia",  "Andrea", "Andy",    "Annie", "aunty",  "belinda", "benjamin", "boris",
      "caleb", "david",   "ed",     "edward",  "Gene",  "Jacky",  "john",    "linda",    "Lee",
      "max",   "Michael", "michel", "norbert", "pablo", "paul",   "steph",   "whisper"};
  return list;
}

Utterance random_utterance(const std::vector<std::string>& languages,
                           const std::vector<std::string>& variants, std::mt19937_64* random) {
  Utterance u;
  u.language = pick(languages, random);
  u.variant = pick(variants, random);
  u.text = random_text(u.language, random);
  u.pitch = between(15, 85, random);
  u.range = between(20, 90, random);
  u.rate = between(110, 270, random);
  return u;
}

SpeechDataReport prepare_speech(const SpeechDataOptions& options, const std::filesystem::path& out) {
  if (options.utterances < 1) throw Error(ErrorKind::usage, "at least one utterance is needed");
  const auto& languages = options.languages.empty() ? default_speech_languages() : options.languages;
  const auto& variants = options.variants.empty() ? default_speech_variants() : options.variants;
  SpeechSynthesizer synthesizer;
  for (const auto& language : languages)
    synthesizer.speak({language, "", "a"});  // unknown names are told at once
  for (const auto& variant : variants) synthesizer.speak({languages[0], variant, "a"});

  std::mt19937_64 random(options.seed);
  SpeechRows rows;
  const auto utterances = std::size_t(options.utterances);
  for (std::size_t i = 0; i < utterances; ++i) {
    Utterance utterance = random_utterance(languages, variants, &random);
    LabelledSpeech speech = synthesizer.speak(utterance);
    const auto voice = std::find(variants.begin(), variants.end(), utterance.variant) - variants.begin();
    add_clip(speech::mel_spectrogram(speech.audio), speech.labels, int(voice), &rows);
    if (options.progress) options.progress(i + 1, utterances);
  }
  write_speech(rows, {{"voices", nlohmann::json(variants).dump()}, {"seed", std::to_string(options.seed)}},
               out);
  return count(rows);
}

}  // namespace resyncer::pipeline
