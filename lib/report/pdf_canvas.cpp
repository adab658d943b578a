// SPDX-License-Identifier: Apache-2.0
#include "report/pdf_canvas.hpp"

#include <cairo-pdf.h>

#include <stdexcept>

#include "core/encoding.hpp"

namespace fleetline::report {

pdf_canvas::pdf_canvas(output& to, const std::string& title) : to_(to) {
    surface_ = cairo_pdf_surface_create_for_stream(&pdf_canvas::take, this, width, height);
    cairo_pdf_surface_set_metadata(surface_, CAIRO_PDF_METADATA_TITLE, title.c_str());
    cairo_pdf_surface_set_metadata(surface_, CAIRO_PDF_METADATA_CREATOR, "fleetline " FLEETLINE_VERSION);
    pen_ = cairo_create(surface_);
    layout_ = pango_cairo_create_layout(pen_);
    pango_layout_set_single_paragraph_mode(layout_, TRUE);
}

pdf_canvas::~pdf_canvas() {
    g_object_unref(layout_);
    cairo_destroy(pen_);
    cairo_surface_finish(surface_);
    cairo_surface_destroy(surface_);
}

cairo_status_t pdf_canvas::take(void* self, const unsigned char* bytes, unsigned int length) {
    auto& canvas = *static_cast<pdf_canvas*>(self);
    if (canvas.trouble_) return CAIRO_STATUS_WRITE_ERROR;
    try {
        canvas.to_.write({reinterpret_cast<const char*>(bytes), length});
        return CAIRO_STATUS_SUCCESS;
    } catch (...) {  // cairo is C: what was thrown waits until we are back
        canvas.trouble_ = std::current_exception();
        return CAIRO_STATUS_WRITE_ERROR;
    }
}

void pdf_canvas::text(double x, double y, double most, const std::string& what, const look& how) {
    auto* font = pango_font_description_new();
    pango_font_description_set_family(font, "Noto Sans, Noto Sans CJK SC, DejaVu Sans, sans-serif");
    pango_font_description_set_absolute_size(font, how.size * PANGO_SCALE);
    if (how.bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout_, font);
    pango_font_description_free(font);
    const std::string shown = is_utf8(what) ? what : printable(what);
    pango_layout_set_text(layout_, shown.data(), static_cast<int>(shown.size()));
    pango_layout_set_ellipsize(layout_, how.whole_ends ? PANGO_ELLIPSIZE_MIDDLE : PANGO_ELLIPSIZE_END);
    pango_layout_set_width(layout_, static_cast<int>(most * PANGO_SCALE));
    pango_layout_set_alignment(layout_, how.side == place::left    ? PANGO_ALIGN_LEFT
                                        : how.side == place::right ? PANGO_ALIGN_RIGHT
                                                                   : PANGO_ALIGN_CENTER);
    cairo_set_source_rgb(pen_, how.grey, how.grey, how.grey);
    cairo_move_to(pen_, x, y);
    pango_cairo_show_layout(pen_, layout_);
}

void pdf_canvas::line(double x1, double y1, double x2, double y2, double grey) {
    cairo_set_source_rgb(pen_, grey, grey, grey);
    cairo_set_line_width(pen_, 0.5);
    cairo_move_to(pen_, x1, y1);
    cairo_line_to(pen_, x2, y2);
    cairo_stroke(pen_);
}

void pdf_canvas::box(double x, double y, double w, double h, double red, double green, double blue) {
    cairo_set_source_rgb(pen_, red, green, blue);
    cairo_rectangle(pen_, x, y, w, h);
    cairo_fill(pen_);
}

void pdf_canvas::end_page() {
    cairo_show_page(pen_);
    check();
}

void pdf_canvas::finish() {
    cairo_surface_finish(surface_);
    check();
}

void pdf_canvas::check() const {
    if (trouble_) std::rethrow_exception(trouble_);
    if (const auto status = cairo_surface_status(surface_); status != CAIRO_STATUS_SUCCESS)
        throw std::runtime_error(std::string{"drawing the report: "} + cairo_status_to_string(status));
}

}  // namespace fleetline::report
