#pragma once
// The forms of a report. Pure: value in, text out. What comes from a cluster is made harmless for where it goes.

#include <iosfwd>
#include <string>
#include <string_view>

#include "remint/controllers/report.hpp"

namespace remint::app {

/// A table for people, with what fixes each for good and what this cluster does not tell below it. `wide`: all columns,
/// one line each, nothing below.
void print_report(const controllers::Report& report, bool wide, std::ostream& out);
/// RFC 4180 with a header line. A cell that a spreadsheet would take for a formula gets an apostrophe in front.
void print_report_csv(const controllers::Report& report, std::ostream& out);
/// The JSON form as YAML.
void print_report_yaml(const controllers::Report& report, std::ostream& out);
/// One file without outside parts.
void print_report_html(const controllers::Report& report, std::ostream& out);

/// One cell.
[[nodiscard]] std::string csv_cell(std::string_view text);
/// JSON text as it may stand within a script element: no "<", ">", "&" or line separators.
[[nodiscard]] std::string for_script_element(std::string_view json);

}  // namespace remint::app
