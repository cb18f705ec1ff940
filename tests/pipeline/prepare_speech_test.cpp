#include "resyncer/pipeline/prepare_speech.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "resyncer/core/error.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/speech/features.h"
#include "support/scratch_folder.h"
#include "talking_video.h"

namespace resyncer::pipeline {
namespace {

using support::ScratchFolder;
using Labels = std::vector<std::uint8_t>;

std::uint8_t label_of(const std::string& name) {
  const auto& names = articulation_classes();
  return std::uint8_t(std::find(names.begin(), names.end(), name) - names.begin());
}

Labels labels_of(const std::vector<std::string>& names) {
  Labels out;
  for (const auto& name : names) out.push_back(label_of(name));
  return out;
}

// The runs of equal labels.
Labels path_of(const Labels& labels) {
  Labels path;
  std::unique_copy(labels.begin(), labels.end(), std::back_inserter(path));
  return path;
}

// Mean log-mel over the lower two thirds of the bands, normalised.
double loudness(const core::FeatureSequence& mel, std::size_t frame) {
  const float* row = mel.row(int(frame));
  return std::accumulate(row, row + 54, 0.0) / 54;
}

TEST(Articulations, ReadsIpa) {
  EXPECT_EQ(articulations("m"), labels_of({"bilabial"}));
  EXPECT_EQ(articulations("a\xC9\xAA"), labels_of({"open", "close_spread"}));       // ai of "my"
  EXPECT_EQ(articulations("t\xCA\x83"), labels_of({"alveolar", "postalveolar"}));   // ch
  EXPECT_EQ(articulations("u\xCB\x90"), labels_of({"close_rounded"}));              // long
  EXPECT_EQ(articulations("p\xCA\xB0"), labels_of({"bilabial"}));                   // aspirated
  EXPECT_EQ(articulations("t\xC9\x95h"), labels_of({"alveolar", "postalveolar"}));  // Mandarin q
  EXPECT_EQ(articulations("h"), labels_of({"back"}));
  for (const char* nothing : {"", "(en)", "(tr)", "\xCA\xB2", "\xC9", "\xFF\xFE", "_:"})
    EXPECT_TRUE(articulations(nothing).empty()) << nothing;
}

TEST(Articulations, NamesAreDistinct) {
  auto names = articulation_classes();
  EXPECT_EQ(names.front(), "silence");
  EXPECT_GE(names.size(), 15U);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
}

TEST(SpeechSynthesizer, TimesAreMonotoneAndWithinTheSound) {
  SpeechSynthesizer synthesizer;
  std::mt19937_64 random(3);
  for (int i = 0; i < 60; ++i) {
    Utterance u = random_utterance(default_speech_languages(), default_speech_variants(), &random);
    LabelledSpeech speech = synthesizer.speak(u);
    ASSERT_GT(speech.audio.seconds(), 0.5) << u.language << "+" << u.variant << ": " << u.text;
    ASSERT_GT(speech.phonemes.size(), 5U);
    for (std::size_t k = 0; k < speech.phonemes.size(); ++k) {
      EXPECT_LE(k > 0 ? speech.phonemes[k - 1].start : 0, speech.phonemes[k].start);
      EXPECT_LE(speech.phonemes[k].start, speech.audio.seconds() + 0.01);
    }
    EXPECT_EQ(speech.labels.size(), std::size_t(speech::mel_spectrogram(speech.audio).frames));
    for (auto label : speech.labels) EXPECT_LT(label, articulation_classes().size());
  }
}

TEST(SpeechSynthesizer, LabelsFollowTheWord) {
  SpeechSynthesizer synthesizer;
  LabelledSpeech speech = synthesizer.speak({"en-us", "", "[[m'a: f'i: p'u:]]"});
  EXPECT_EQ(path_of(speech.labels), labels_of({"bilabial", "open", "labiodental", "close_spread", "bilabial",
                                               "close_rounded", "silence"}));
  EXPECT_GT(std::abs(*std::max_element(speech.audio.samples.begin(), speech.audio.samples.end())), 0.05F);
}

// The closure belongs to the stop: most of a [p] is silent.
TEST(SpeechSynthesizer, ClosedLipsAreQuiet) {
  SpeechSynthesizer synthesizer;
  for (const char* language : {"en-us", "es", "ru"})
    for (const char* variant : {"", "f2", "klatt"}) {
      LabelledSpeech speech = synthesizer.speak({language, variant, "[[ap'apa map'apa apa p'apap]]"});
      core::FeatureSequence mel = speech::mel_spectrogram(speech.audio);
      double closed = 0, open = 0, closed_count = 0, open_count = 0;
      for (std::size_t i = 0; i < speech.labels.size(); ++i) {
        if (speech.labels[i] == label_of("bilabial")) closed += loudness(mel, i), ++closed_count;
        if (speech.labels[i] == label_of("open")) open += loudness(mel, i), ++open_count;
      }
      ASSERT_GT(closed_count, 25) << language << "+" << variant;
      ASSERT_GT(open_count, 25);
      EXPECT_LT(closed / closed_count, open / open_count - 0.6) << language << "+" << variant;
    }
}

// The sound is resampled in tune, at unit gain and without delay: labels of
// vowels lie on loud frames only.
TEST(SpeechSynthesizer, SilenceIsSilentAndVowelsAreNot) {
  SpeechSynthesizer synthesizer;
  LabelledSpeech speech = synthesizer.speak({"it", "", "banana, domani, 27 amore."});
  core::FeatureSequence mel = speech::mel_spectrogram(speech.audio);
  double quietest_vowel = 10, loudest_silence = -10;
  for (std::size_t i = 1; i + 1 < speech.labels.size(); ++i) {
    bool inside = speech.labels[i - 1] == speech.labels[i] && speech.labels[i + 1] == speech.labels[i];
    if (!inside) continue;
    if (speech.labels[i] == label_of("open")) quietest_vowel = std::min(quietest_vowel, loudness(mel, i));
    if (speech.labels[i] == label_of("silence"))
      loudest_silence = std::max(loudest_silence, loudness(mel, i));
  }
  EXPECT_GT(quietest_vowel, loudest_silence);
}

TEST(SpeechSynthesizer, UnknownVoicesAndStrangeTextsAreMet) {
  SpeechSynthesizer synthesizer;
  EXPECT_THROW(synthesizer.speak({"no-such-language", "", "a"}), core::Error);
  for (const char* text : {"", "[[", "[[]]", "\xFF\xFE", "...", "[[qqq99]]"})
    EXPECT_NO_THROW(synthesizer.speak({"en-us", "", text})) << text;
}

TEST(PrepareSpeech, WritesADataset) {
  ScratchFolder folder;
  SpeechDataOptions options;
  options.languages = {"en-us", "de"};
  options.variants = {"m1", "f2", "klatt"};
  options.utterances = 8;
  std::size_t last = 0;
  options.progress = [&](std::size_t done, std::size_t) { last = done; };
  SpeechDataReport report = prepare_speech(options, folder / "a.safetensors");
  prepare_speech(options, folder / "b.safetensors");
  EXPECT_EQ(last, 8U);
  EXPECT_EQ(report.utterances, 8U);
  EXPECT_NEAR(std::accumulate(report.share.begin(), report.share.end(), 0.0), 1, 1e-9);

  core::TensorFile a(folder / "a.safetensors"), b(folder / "b.safetensors");
  EXPECT_EQ(a.meta("kind"), "speech");
  auto rows = a.get("labels").shape[0];
  EXPECT_NEAR(double(rows) / 100 / 3600, report.hours, 1e-9);
  const auto& mel = a.get("mel", core::DType::f16, {rows, speech::kMelBands});
  const auto start = a.get("mel_start", core::DType::i64, {9}).to_floats();
  const auto voice = a.get("voice", core::DType::i32, {8}).to_floats();
  EXPECT_EQ(start[8], float(rows));
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_LT(start[i], start[i + 1]);
    EXPECT_LT(voice[i], 3);
  }
  for (float v : mel.to_floats()) ASSERT_TRUE(std::isfinite(v));
  // The same words by the same voices; espeak-ng's flutter alone differs within
  // one process.
  EXPECT_EQ(voice, b.get("voice").to_floats());
  EXPECT_NEAR(double(b.get("labels").shape[0]), double(rows), 0.02 * double(rows));

  options.languages = {"klingonese"};
  EXPECT_THROW(prepare_speech(options, folder / "c.safetensors"), core::Error);
}

}  // namespace
}  // namespace resyncer::pipeline
