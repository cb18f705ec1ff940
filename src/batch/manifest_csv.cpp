#include <algorithm>

#include "batch/manifest_formats.h"
#include "resyncer/core/error.h"

namespace resyncer::batch {

namespace {

using core::Error;
using core::ErrorKind;

struct Record {
  int line = 0;
  std::vector<std::string> cells;
  std::string fault;
};

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

// Reads one record after another. Blanks round a cell count for nothing unless they are quoted.
class CsvReader {
 public:
  CsvReader(const std::string& text, const std::string& place) : text_(text), place_(place) {}

  bool read(Record* record) {
    if (at_ >= text_.size()) return false;
    *record = {line_, {}, {}};
    do record->cells.push_back(cell(record));
    while (take(','));
    end_line();
    return true;
  }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool at_end_of_line() const {
    return at_ >= text_.size() || text_[at_] == '\n' || text_.compare(at_, 2, "\r\n") == 0;
  }
  void end_line() {
    take('\r');
    take('\n');
    ++line_;
  }
  std::string cell(Record* record) {
    const std::size_t content = text_.find_first_not_of(" \t", at_);
    if (content != std::string::npos && text_[content] == '"') {
      at_ = content + 1;
      std::string value = quoted();
      if (!trimmed(unquoted()).empty()) record->fault = "something stands behind a closing quote";
      return value;
    }
    return trimmed(unquoted());
  }
  std::string unquoted() {
    const std::size_t begin = at_;
    while (!at_end_of_line() && text_[at_] != ',') ++at_;
    return text_.substr(begin, at_ - begin);
  }
  std::string quoted() {
    std::string value;
    const int begin = line_;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"' && (at_ + 1 >= text_.size() || text_[at_ + 1] != '"')) {
        ++at_;
        return value;
      }
      if (text_[at_] == '"') ++at_;
      if (text_[at_] == '\n') ++line_;
      value += text_[at_];
    }
    throw Error(ErrorKind::usage, "a quote is never closed", place_ + " line " + std::to_string(begin));
  }

  const std::string &text_, &place_;
  std::size_t at_ = 0;
  int line_ = 1;
};

bool blank(const Record& record) {
  return record.fault.empty() && record.cells.size() == 1 && record.cells[0].empty();
}

void add_cell(std::vector<Field>* fields, const std::string& name, const std::string& value) {
  if (value.empty()) return;  // not given
  auto same = std::find_if(fields->begin(), fields->end(), [&](const Field& f) { return f.name == name; });
  if (same == fields->end())
    fields->push_back({name, {value}});
  else
    same->values.push_back(value);
}

}  // namespace

std::vector<Row> parse_csv(const std::string& text, const std::string& place) {
  constexpr std::size_t kMostColumns = 256;
  CsvReader reader(text, place);
  Record header, record;
  do {
    if (!reader.read(&header)) return {};
  } while (blank(header));
  if (!header.fault.empty() || header.cells.size() > kMostColumns ||
      std::find(header.cells.begin(), header.cells.end(), "") != header.cells.end())
    throw Error(ErrorKind::usage, "the first line does not name the columns", place,
                "begin with: video,speech,output");
  std::vector<Row> rows;
  while (reader.read(&record)) {
    if (blank(record)) continue;
    add_row(&rows, record.line, place);
    rows.back().fault = record.fault;
    if (record.cells.size() != header.cells.size())
      rows.back().fault = std::to_string(record.cells.size()) + " cells for " +
                          std::to_string(header.cells.size()) + " columns";
    if (!rows.back().fault.empty()) continue;
    for (std::size_t i = 0; i < header.cells.size(); ++i)
      add_cell(&rows.back().fields, header.cells[i], record.cells[i]);
  }
  return rows;
}

}  // namespace resyncer::batch
