#include "cli/man_page.h"

#include <algorithm>

#include "cli/examples.h"
#include "cli/option_table.h"

namespace resyncer::cli {

namespace {

// As text of a line: no escapes, no requests, and dashes that can be copied.
std::string roff(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n'))
      out += std::string("\\&") + c;
    else
      out += c;
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }
std::string section(const std::string& name) { return ".SH " + name + "\n"; }
std::string item(const std::string& term, const std::string& text) {
  return ".TP\n" + term + "\n" + text + "\n";
}

std::string positional_text(const CLI::Option& option) {
  std::string name = option.get_name(true);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return char(std::toupper(c)); });
  const std::string text = italic(name) + (is_repeatable(option) ? " ..." : "");
  return option.get_required() ? text : "[" + text + "]";
}

std::string option_term(const CLI::Option& option) {
  std::string term;
  for (const std::string& name : option.get_snames()) term += bold("-" + name) + ", ";
  term += bold("--" + long_name(option));
  const std::string value = value_name(option);
  return value.empty() ? term : term + " " + italic(value);
}

std::string option_text(const CLI::App& command, const CLI::Option& option) {
  std::string text = roff(option.get_description()) + ".";
  if (is_repeatable(option) && text.find("repeatable") == std::string::npos)
    text += " May be given several times.";
  if (option.get_required()) text += " Required.";
  const std::string value = default_text(option);
  if (!value.empty() && text.find("default") == std::string::npos) text += " Default: " + roff(value) + ".";
  for (const CLI::Option* other : option.get_excludes())
    if (!other->get_positional()) text += " Not with " + bold("--" + long_name(*other)) + ".";
  return text + "\nEnvironment: " + roff(variable_name(command, option)) + ".";
}

std::string options_section(const std::string& title, const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : named_options(command))
    text += item(option_term(*option), option_text(command, *option));
  return text.empty() ? "" : section(title) + text;
}

std::string synopsis(const CLI::App& command) {
  const std::string name = full_name(command);
  std::string text = bold("resyncer" + (name.empty() ? "" : " " + name));
  for (const CLI::Option* option : named_options(command))
    if (option->get_required()) text += " " + option_term(*option);
  if (!named_options(command).empty()) text += " [" + italic("options") + "]";
  for (const CLI::Option* option : positionals(command)) text += " " + positional_text(*option);
  if (!command.get_subcommands({}).empty()) text += " " + italic("command") + " ...";
  return section("SYNOPSIS") + text + "\n";
}

std::string examples_section(const CLI::App& command) {
  std::string text;
  for (const Example& example : examples_of(full_name(command)))
    text += ".PP\n" + roff(example.what) + ":\n.PP\n.RS 4\n.EX\n" + roff(example.line) + "\n.EE\n.RE\n";
  return text.empty() ? "" : section("EXAMPLES") + text;
}

std::string commands_section(const CLI::App& command) {
  std::string text;
  for (const CLI::App* inner : command.get_subcommands({}))
    text += item(bold(inner->get_name()), roff(inner->get_description()) + ".");
  return text.empty() ? "" : section("COMMANDS") + text;
}

std::string surroundings() {
  return section("ENVIRONMENT") +
         item("RESYNCER_" + italic("OPTION") + ", RESYNCER_" + italic("COMMAND") + "_" + italic("OPTION"),
              "Any option, in capitals, dashes as underscores. Flags: 1, 0, true, false, yes, no, on, off. "
              "Lists: with commas.") +
         item("XDG_CONFIG_HOME, XDG_CACHE_HOME, TMPDIR",
              "Where configuration, cache and temporary files are (~/.config, ~/.cache, /tmp).") +
         section("FILES") +
         item("~/.config/resyncer/config.toml",
              "The user's configuration: options of the program at the top, a "
              "table a command.") +
         item("resyncer.toml",
              "The project's, in the current folder or above it. What is said on the command line "
              "wins over the environment, then profiles, the project, the user.") +
         item("~/.cache/resyncer", "Analyses of videos and adaptations to persons.");
}

std::string exit_codes() {
  struct Code {
    const char *number, *text;
  };
  constexpr Code kCodes[] = {{"0", "done"},
                             {"1", "an error of the program itself"},
                             {"2", "usage, or a faulty configuration"},
                             {"3", "an input is unreadable or unsupported"},
                             {"4", "a model is missing or not the right one"},
                             {"5", "no usable face"},
                             {"6", "the output, its encoder or the disk"},
                             {"7", "out of memory"},
                             {"8", "a figure is beyond a limit that was set"},
                             {"9", "some jobs of a batch failed"},
                             {"130, 143", "ended by SIGINT, SIGTERM"}};
  std::string text = section("EXIT STATUS");
  for (const Code& code : kCodes) text += item(bold(code.number), std::string(code.text) + ".");
  return text;
}

std::string see_also(const CLI::App& root, const CLI::App& command) {
  std::string text;
  for (const CLI::App* other : all_commands(root)) {
    const bool is_near = other->get_parent() == &command || command.get_parent() == other;
    if (is_near) text += (text.empty() ? "" : ",\n") + bold(page_name(*other)) + "(1)";
  }
  return section("SEE ALSO") + text + "\n";
}

}  // namespace

std::string page_name(const CLI::App& command) {
  std::string name = full_name(command);
  std::replace(name.begin(), name.end(), ' ', '-');
  return name.empty() ? "resyncer" : "resyncer-" + name;
}

std::string man_page(const CLI::App& root, const CLI::App& command) {
  const std::string name = page_name(command);
  std::string title = name;
  std::transform(title.begin(), title.end(), title.begin(),
                 [](unsigned char c) { return char(std::toupper(c)); });
  std::string text = ".TH " + roff(title) + " 1 \"\" \"resyncer " RESYNCER_VERSION "\" \"resyncer\"\n" +
                     section("NAME") + roff(name) + " \\- " + roff(command.get_description()) + "\n" +
                     synopsis(command) + examples_section(command) + commands_section(command);
  std::string arguments;
  for (const CLI::Option* option : positionals(command))
    if (!option->get_description().empty())
      arguments += item(positional_text(*option), roff(option->get_description()) + ".");
  if (!arguments.empty()) text += section("ARGUMENTS") + arguments;
  if (&command != &root) text += options_section("OPTIONS", command);
  return text + options_section(&command == &root ? "OPTIONS" : "COMMON OPTIONS", root) + surroundings() +
         exit_codes() + see_also(root, command);
}

}  // namespace resyncer::cli
