// The "speech" dataset that a speech encoder is pre-trained on, each 10 ms labelled with what the mouth does.
// Synthetic: espeak-ng's library speaks in many languages and voices; the text is random, so that there is no
// end of it: made-up words spelt by the rules of a language, words given as phonemes, and numbers. Recorded:
// files with sound, labelled by phoneme times that an aligner found (scripts/phones.py), or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "resyncer/core/audio.h"
#include "resyncer/pipeline/prepare.h"

namespace resyncer::pipeline {

// Names of the articulatory classes, by label: 0 is silence, 1 closed lips (p b m), ... Part of the file
// format.
const std::vector<std::string>& articulation_classes();

// The classes that a phoneme, written in IPA (UTF-8), goes through: "m" -> {bilabial}, "au" -> {open,
// close_rounded}. Diacritics and unknown signs are passed over; empty = nothing is said.
std::vector<std::uint8_t> articulations(const std::string& ipa);

struct Utterance {
  std::string language, variant;  // espeak-ng's names: "en-us", "f2"; an empty variant is the plain voice
  std::string text;               // UTF-8; [[...]] holds espeak-ng's phoneme mnemonics
  int pitch = 50, range = 50;     // 0 to 99
  int rate = 175;                 // words a minute, 80 to 450
};

struct SpokenPhoneme {
  double start = 0;  // seconds
  std::string ipa;   // empty = a pause, or a sound that has no sign of its own
};

struct LabelledSpeech {
  core::AudioClip audio;  // 16 000 Hz
  std::vector<SpokenPhoneme> phonemes;
  std::vector<std::uint8_t> labels;  // 100 a second, one a mel frame (speech/features.h)
};

// espeak-ng's state is global to the process: one synthesizer at a time, in one thread at a time (asserted).
class SpeechSynthesizer {
 public:
  SpeechSynthesizer();  // throws Error{internal} when espeak-ng's data are not installed
  ~SpeechSynthesizer();
  SpeechSynthesizer(const SpeechSynthesizer&) = delete;
  SpeechSynthesizer& operator=(const SpeechSynthesizer&) = delete;

  // Throws Error{usage} when there is no such voice.
  LabelledSpeech speak(const Utterance& utterance);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct SpeechDataOptions {
  std::vector<std::string> languages;  // empty = default_speech_languages()
  std::vector<std::string> variants;   // empty = default_speech_variants()
  int utterances = 4000;               // of about four seconds each
  std::uint64_t seed = 1;
  std::function<void(std::size_t done, std::size_t all)> progress;  // may be empty
};

const std::vector<std::string>& default_speech_languages();
const std::vector<std::string>& default_speech_variants();

// 4 to 10 random words in one of the languages, by one of the variants, in a random manner.
Utterance random_utterance(const std::vector<std::string>& languages,
                           const std::vector<std::string>& variants, std::mt19937_64* random);

struct SpeechDataReport {
  std::size_t utterances = 0;
  std::size_t skipped = 0;  // recordings
  double hours = 0;
  std::vector<double> share;  // of every class among the labels; empty without labels
};

// Writes mel f16 [sum,80], mel_start i64 [C+1], labels u8 [sum], voice i32 [C] (index of the variant), with
// metadata kind = "speech", classes and voices (JSON lists of names). The same seed gives the same file.
// Throws Error{usage} (unknown voices), Error{output}.
SpeechDataReport prepare_speech(const SpeechDataOptions& options, const std::filesystem::path& out);

// The same of recordings: of the options the inputs, speakers (the voices), threads and `phones`; without
// `phones` the file has no labels and no classes. What has no sound, or no phoneme times though some are
// given, is skipped with a warning. Throws Error{input} (phoneme times that are none, nothing usable),
// Error{output}.
SpeechDataReport prepare_recorded_speech(const PrepareOptions& options, const std::filesystem::path& out);

}  // namespace resyncer::pipeline
