// One parser a format; see parse_manifest.
#pragma once

#include <string>
#include <vector>

#include "resyncer/batch/manifest.h"

namespace resyncer::batch {

std::vector<Row> parse_csv(const std::string& text, const std::string& place);
std::vector<Row> parse_jsonl(const std::string& text, const std::string& place);
std::vector<Row> parse_toml(const std::string& text, const std::string& place);

// Adds an empty row with the next number, which is returned. Throws Error{usage} when there are too many.
int add_row(std::vector<Row>* rows, int line, const std::string& place);

}  // namespace resyncer::batch
