#include "fuzz/fuzz_input.h"
#include "resyncer/batch/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  batch::JournalContent content;
  const std::string text(reinterpret_cast<const char*>(data), size);
  fuzz::require(batch::read_journal_text(text, "/none/folder", &content) <= size);
  // What was understood is written and understood again.
  batch::JournalContent again;
  batch::read_journal_text(batch::journal_text(content, "/none/folder"), "/none/folder", &again);
  fuzz::require(again.ignored_lines == 0 && again.done.size() == content.done.size() &&
                again.ours == content.ours && again.hashes.size() == content.hashes.size());
  return 0;
}
