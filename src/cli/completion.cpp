// All three scripts go the same way: word by word they find out which command the line is in, stepping over
// the values of options; then they offer values, options or commands. A place in the line is written
// "COMMAND WORD": "render --crf", "train sync"; "* --models" for options of the program, which may stand
// anywhere.
#include "cli/completion.h"

#include <algorithm>
#include <vector>

#include "cli/option_table.h"

namespace resyncer::cli {

namespace {

using Texts = std::vector<std::string>;

std::string in_quotes(const std::string& text, char quote) { return quote + text + quote; }

// 'it'\''s', for bash and zsh.
std::string shell_text(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return in_quotes(out, '\'');
}

std::string fish_text(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return in_quotes(out, '\'');
}

Texts spellings(const CLI::Option& option) {
  Texts list;
  for (const std::string& name : option.get_snames()) list.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) list.push_back("--" + name);
  return list;
}

// "render --crf" of every option that takes a value of one of `kinds`, and not of those that have choices.
Texts places_of_values(const CLI::App& root, const std::vector<ValueKind>& kinds) {
  Texts places;
  for (const CLI::App* command : all_commands(root))
    for (const CLI::Option* option : named_options(*command)) {
      if (std::find(kinds.begin(), kinds.end(), value_kind(*option)) == kinds.end()) continue;
      const std::string before = command == &root ? "*" : full_name(*command);
      for (const std::string& spelling : spellings(*option)) places.push_back(before + " " + spelling);
    }
  return places;
}

const std::vector<ValueKind> kAllValues = {ValueKind::truth,  ValueKind::whole, ValueKind::number,
                                           ValueKind::choice, ValueKind::file,  ValueKind::folder,
                                           ValueKind::text};

Texts places_of_commands(const CLI::App& root) {
  Texts places;
  for (const CLI::App* command : all_commands(root)) {
    const CLI::App* parent = command->get_parent();
    if (parent != nullptr) places.push_back(full_name(*parent) + " " + command->get_name());
  }
  return places;
}

// A pattern of a case: "render --crf", but the star outside of the quotes.
std::string pattern(const std::string& place) {
  return place.rfind("* ", 0) == 0 ? "*\"" + place.substr(1) + "\"" : in_quotes(place, '"');
}

std::string patterns(const Texts& places, const std::string& between) {
  std::string text;
  for (const std::string& place : places) text += (text.empty() ? "" : between) + pattern(place);
  return text;
}

// Cases over "$command $word" that set `offered`, for options with choices.
std::string choice_cases(const CLI::App& root) {
  std::string text;
  for (const CLI::App* command : all_commands(root))
    for (const CLI::Option* option : named_options(*command)) {
      Texts words = choices(*option);
      if (value_kind(*option) == ValueKind::truth) words = {"true", "false"};
      if (long_name(*option) == "profile") words = {"draft", "archive", "ci"};
      if (words.empty()) continue;
      Texts places;
      for (const std::string& spelling : spellings(*option))
        places.push_back((command == &root ? "*" : full_name(*command)) + " " + spelling);
      text +=
          "    " + patterns(places, "|") + ") offered=" + shell_text(CLI::detail::join(words, " ")) + " ;;\n";
    }
  return text;
}

bool takes_files(const CLI::App& command) {
  const auto list = positionals(command);
  return std::any_of(list.begin(), list.end(),
                     [](const CLI::Option* option) { return value_kind(*option) == ValueKind::file; });
}

// The part that bash and zsh share: which command, and what the previous word asks for.
std::string find_command_loop(const CLI::App& root, const std::string& words, const std::string& begin,
                              const std::string& end) {
  return "  for ((i = " + begin + "; i < " + end + "; i++)); do\n    word=${" + words +
         "[i]}\n    case \"$command $word\" in\n      " + patterns(places_of_commands(root), "|") +
         ") command=\"${command:+$command }$word\" ;;\n      " +
         patterns(places_of_values(root, kAllValues), "|") + ") ((i++)); [[ ${" + words +
         "[i]} == '=' ]] && ((i++)) ;;\n    esac\n  done\n";
}

std::string options_of(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : named_options(command))
    for (const std::string& spelling : spellings(*option))
      if (spelling.rfind("--", 0) == 0) text += spelling + " ";
  return text;
}

std::string commands_of(const CLI::App& command) {
  std::string text;
  for (const CLI::App* inner : command.get_subcommands({})) text += inner->get_name() + " ";
  return text;
}

// What follows a colon in zsh's lists is the description.
std::string described(const std::string& name, const std::string& description) {
  std::string escaped;
  for (char c : name) escaped += c == ':' ? std::string("\\:") : std::string(1, c);
  return shell_text(escaped + ":" + description);
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
  std::string text =
      "# bash completion for resyncer; made by: resyncer completion bash\n"
      "_resyncer() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
      "  local command='' word i offered='' files='' options='' global=" +
      shell_text(options_of(root) + "--help") +
      "\n"
      "  [[ $current == '=' ]] && current=''\n"
      "  [[ $previous == '=' ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}\n" +
      find_command_loop(root, "COMP_WORDS", "1", "COMP_CWORD") + "  case \"$command $previous\" in\n" +
      choice_cases(root) + "    " + patterns(places_of_values(root, {ValueKind::folder}), "|") +
      ") files=-d ;;\n    " + patterns(places_of_values(root, {ValueKind::file, ValueKind::text}), "|") +
      ") files=-f ;;\n    " + patterns(places_of_values(root, {ValueKind::whole, ValueKind::number}), "|") +
      ") return ;;\n"
      "    *)\n"
      "      case $command in\n";
  for (const CLI::App* command : all_commands(root))
    text += "        " + shell_text(full_name(*command)) +
            ") options=" + shell_text(command == &root ? "--version" : options_of(*command)) +
            " offered=" + shell_text(commands_of(*command)) + (takes_files(*command) ? " files=-f" : "") +
            " ;;\n";
  return text +
         "      esac\n"
         "      [[ $current == -* ]] && offered=\"$options $global\" files=''\n"
         "      ;;\n"
         "  esac\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$offered\" -- \"$current\")\n"
         "  if [[ $files ]]; then\n"
         "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen $files -- \"$current\")\n"
         "    compopt -o filenames 2> /dev/null\n"
         "  fi\n"
         "}\n"
         "complete -F _resyncer resyncer\n";
}

std::string zsh_completion(const CLI::App& root) {
  std::string text =
      "#compdef resyncer\n"
      "# zsh completion for resyncer; made by: resyncer completion zsh\n"
      "_resyncer() {\n"
      "  local command='' word i files='' offered=''\n"
      "  local current=${words[CURRENT]} previous=${words[CURRENT-1]}\n"
      "  local -a global options commands\n"
      "  if [[ $current == --*=* ]]; then\n"
      "    previous=${current%%=*}\n"
      "    compset -P 1 '*='\n"
      "  fi\n"
      "  global=(";
  for (const CLI::Option* option : named_options(root))
    text += "\n    " + described("--" + long_name(*option), option->get_description());
  text += "\n    '--help:Print this help message and exit')\n" +
          find_command_loop(root, "words", "2", "CURRENT") + "  case \"$command $previous\" in\n" +
          choice_cases(root) + "    " + patterns(places_of_values(root, {ValueKind::folder}), "|") +
          ") _files -/; return ;;\n    " +
          patterns(places_of_values(root, {ValueKind::file, ValueKind::text}), "|") +
          ") _files; return ;;\n    " +
          patterns(places_of_values(root, {ValueKind::whole, ValueKind::number}), "|") +
          ") return ;;\n"
          "  esac\n"
          "  if [[ -n $offered ]]; then\n"
          "    compadd -- ${=offered}\n"
          "    return\n"
          "  fi\n"
          "  case $command in\n";
  for (const CLI::App* command : all_commands(root)) {
    text += "    " + shell_text(full_name(*command)) + ")\n";
    if (command != &root) {
      text += "      options=(";
      for (const CLI::Option* option : named_options(*command))
        text += "\n        " + described("--" + long_name(*option), option->get_description());
      text += ")\n";
    }
    text += "      commands=(";
    for (const CLI::App* inner : command->get_subcommands({}))
      text += "\n        " + described(inner->get_name(), inner->get_description());
    text += std::string(")\n") + (takes_files(*command) ? "      files=1\n" : "") + "      ;;\n";
  }
  return text +
         "  esac\n"
         "  if [[ $current == -* ]]; then\n"
         "    _describe -o option options -- global\n"
         "    return\n"
         "  fi\n"
         "  (( ${#commands} )) && _describe command commands\n"
         "  [[ -n $files ]] && _files\n"
         "}\n"
         "if [[ $funcstack[1] == _resyncer ]]; then\n"
         "  _resyncer \"$@\"\n"
         "else\n"
         "  compdef _resyncer resyncer\n"
         "fi\n";
}

std::string fish_completion(const CLI::App& root) {
  const auto cases = [](const Texts& places) {
    std::string text;
    for (const std::string& place : places) text += " " + fish_text(place);
    return text;
  };
  std::string text =
      "# fish completion for resyncer; made by: resyncer completion fish\n"
      "function __resyncer_command\n"
      "    set -l command ''\n"
      "    set -l is_value 0\n"
      "    for word in (commandline -opc)[2..-1]\n"
      "        if test $is_value = 1\n"
      "            set is_value 0\n"
      "            continue\n"
      "        end\n"
      "        switch \"$command $word\"\n"
      "            case" +
      cases(places_of_commands(root)) +
      "\n"
      "                set command (string trim -- \"$command $word\")\n"
      "            case" +
      cases(places_of_values(root, kAllValues)) +
      "\n"
      "                set is_value 1\n"
      "        end\n"
      "    end\n"
      "    echo $command\n"
      "end\n"
      "function __resyncer_in\n"
      "    test (__resyncer_command) = \"$argv\"\n"
      "end\n"
      "complete -c resyncer -f\n"
      "complete -c resyncer -l help -d 'Print this help message and exit'\n";
  for (const CLI::App* command : all_commands(root)) {
    const std::string name = full_name(*command);
    const std::string condition = " -n " + fish_text("__resyncer_in " + fish_text(name));
    for (const CLI::App* inner : command->get_subcommands({}))
      text += "complete -c resyncer" + condition + " -a " + inner->get_name() + " -d " +
              fish_text(inner->get_description()) + "\n";
    if (takes_files(*command)) text += "complete -c resyncer" + condition + " -F\n";
    for (const CLI::Option* option : named_options(*command)) {
      text += "complete -c resyncer" + (command == &root ? "" : condition) + " -l " + long_name(*option);
      for (const std::string& letter : option->get_snames()) text += " -s " + letter;
      const ValueKind kind = value_kind(*option);
      if (kind == ValueKind::choice)
        text += " -x -a " + fish_text(CLI::detail::join(choices(*option), " "));
      else if (kind == ValueKind::truth)
        text += " -x -a 'true false'";
      else if (kind == ValueKind::folder)
        text += " -x -a '(__fish_complete_directories)'";
      else if (kind == ValueKind::whole || kind == ValueKind::number)
        text += " -x";
      else if (!is_flag(*option))
        text += " -r -F";
      text += " -d " + fish_text(option->get_description()) + "\n";
    }
  }
  return text;
}

}  // namespace resyncer::cli
