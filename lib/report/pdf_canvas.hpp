// SPDX-License-Identifier: Apache-2.0
// Pages of a PDF, streamed into an output: text in any script (pango), lines and boxes (cairo). Points, from
// the top left. Not included outside lib/report. One thread.
#pragma once

#include <cairo.h>
#include <pango/pangocairo.h>

#include <exception>
#include <memory>
#include <string>

#include "report/output.hpp"

namespace fleetline::report {

enum class place { left, right, centre };

struct look {
    double size = 8;
    bool bold = false;
    double grey = 0;  ///< 0 black, 1 white
    place side = place::left;
    bool whole_ends = false;  ///< cut in its middle: what tells names apart is mostly their end
};

class pdf_canvas {
  public:
    static constexpr double width = 842, height = 595;  // A4, landscape
    static constexpr double margin = 40;

    pdf_canvas(output& to, const std::string& title);
    pdf_canvas(const pdf_canvas&) = delete;
    pdf_canvas& operator=(const pdf_canvas&) = delete;
    ~pdf_canvas();

    /// One line, cut with an ellipsis to `most`: its end, or its middle.
    void text(double x, double y, double most, const std::string& what, const look& how = {});
    void line(double x1, double y1, double x2, double y2, double grey);
    void box(double x, double y, double w, double h, double red, double green, double blue);

    void end_page();

    /// Throws what the output threw meanwhile.
    void finish();

  private:
    static cairo_status_t take(void* self, const unsigned char* bytes, unsigned int length);
    void check() const;

    output& to_;
    std::exception_ptr trouble_;
    cairo_surface_t* surface_ = nullptr;
    cairo_t* pen_ = nullptr;
    PangoLayout* layout_ = nullptr;
};

}  // namespace fleetline::report
