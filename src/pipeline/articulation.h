// What a sign of the International Phonetic Alphabet asks of the mouth.
#pragma once

#include <string>
#include <vector>

namespace resyncer::pipeline {

constexpr unsigned char kSilence = 0;

std::vector<char32_t> decode_utf8(const std::string& text);  // stops at the first damaged character

// Of a phone in ARPAbet ("IH"), UTF-8; empty where there is no such phone.
std::string ipa_of(const std::string& arpabet);

// Begins with a closure of the vocal tract, which is silent or nearly so and comes before espeak-ng's time.
bool begins_with_stop(const std::string& ipa);

}  // namespace resyncer::pipeline
