use super::*;

const C: &str = r#"/* lib.h - A library.
 *
 * Generated.
 *
 *  R1  0 is success, as
 *      everywhere.
 *  R2  Nothing else.
 */
#ifndef LIB_H
#define LIB_H

#include <stddef.h>

/* Results not to be ignored. */
#if defined(__GNUC__)
#  define LIB_CHECK __attribute__((warn_unused_result))
#else
#  define LIB_CHECK
#endif

/* The version. */
#define LIB_MAJOR 1
#define LIB_NUMBER \
  (LIB_MAJOR << 16)

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------ types */

/** How it ended. */
typedef enum {
  /** Well. */
  LIB_OK = 0,
  /** `a` and
   *  `b`. */
  LIB_BAD = -1
} lib_status_code;

/** An object. */
typedef struct lib_object lib_object;

/** An event. */
typedef struct lib_event {
  int32_t kind;
  uint64_t tag;
} lib_event;

/** Called back. */
typedef void (*lib_fn)(const lib_object *object, void *user_data);

/* --------------------------------------------- objects */

/**
 * Makes one.
 *
 * - and more
 */
LIB_API
LIB_CHECK
int32_t lib_object_make(const char *name, size_t name_len, lib_fn function, void *user_data, lib_object **object);

LIB_API void lib_object_destroy(lib_object *object);

#ifdef __cplusplus
}
#endif

#endif
"#;

#[test]
fn a_header_of_c_has_sections_with_documented_items() {
    let header = read("lib.h", C);
    assert_eq!((header.file.as_str(), header.title.as_str()), ("lib.h", "A library"));
    assert!(header.preamble.starts_with("Generated.\n\n R1  0 is success, as\n     everywhere.\n R2"));
    let titles: Vec<_> = header.sections.iter().map(|section| section.title.as_str()).collect();
    assert_eq!(titles, ["macros", "types", "objects"]);
    let items: Vec<_> = header.sections.iter().flat_map(|section| &section.items).collect();
    let shown: Vec<_> =
        items.iter().map(|item| (item.kind, item.names.join(" "), item.comment.as_str())).collect();
    let expected = [
        (Kind::Macro, "LIB_CHECK", "Results not to be ignored."),
        (Kind::Macro, "LIB_MAJOR LIB_NUMBER", "The version."),
        (Kind::Type, "lib_status_code", "How it ended."),
        (Kind::Type, "lib_object", "An object."),
        (Kind::Type, "lib_event", "An event."),
        (Kind::Type, "lib_fn", "Called back."),
        (Kind::Function, "lib_object_make", "Makes one.\n\n- and more"),
        (Kind::Function, "lib_object_destroy", ""),
    ];
    assert_eq!(shown, expected.map(|(kind, name, comment)| (kind, name.to_owned(), comment)));
    let constants: Vec<_> =
        items[2].constants.iter().map(|c| (c.name.as_str(), c.value.as_str(), c.comment.as_str())).collect();
    assert_eq!(constants, [("LIB_OK", "0", "Well."), ("LIB_BAD", "-1", "`a` and\n `b`.")]);
    assert!(items[4].code.contains("uint64_t tag;") && items[4].code.ends_with("} lib_event;"));
    assert_eq!(items[5].code, "typedef void (*lib_fn)(const lib_object *object, void *user_data);");
    assert!(items[6].is_checked && !items[7].is_checked);
    assert_eq!(
        items[6].code,
        "int32_t lib_object_make(\n    const char *name,\n    size_t name_len,\n    lib_fn function,\n    void *user_data,\n    lib_object **object);"
    );
    assert_eq!(items[7].code, "void lib_object_destroy(lib_object *object);");
    assert!(
        ["LIB_H", "LIB_CHECK", "LIB_NUMBER"]
            .iter()
            .all(|name| header.macros.iter().any(|known| known == name))
    );
}

const CPP: &str = r#"// lib.hpp - The library in C++.
#pragma once

#include <string>

namespace lib {

/// What went wrong.
enum class Status { Ok = 0, Bad = -1 };

/// A producer,
/// for one thread.
class Producer final : public Base {
public:
    /// Makes one.
    explicit Producer(const Config &config = {}) : inner_(make(config)), size_{1} { start(); }
    Producer(const Producer &) = delete;
    ~Producer();

    /// Sends `message`.
    [[nodiscard]] Result send(const Message &message) noexcept
    {
        return {inner_, [&] { return 1; }};
    }

private:
    /// Nobody's business.
    void hidden();
    Inner *inner_;
};

/// Free.
inline int free_one() { return 1; }

} // namespace lib
"#;

#[test]
fn a_header_of_c_plus_plus_has_classes_with_their_public_members() {
    let header = read("lib.hpp", CPP);
    assert_eq!(header.title, "The library in C++");
    let items: Vec<_> = header.sections.iter().flat_map(|section| &section.items).collect();
    let shown: Vec<_> = items
        .iter()
        .map(|item| (item.within.join("::"), item.names.join(" "), item.comment.as_str()))
        .collect();
    let expected = [
        ("", "Status", "What went wrong."),
        ("", "Producer", "A producer,\nfor one thread."),
        ("Producer", "Producer", "Makes one."),
        ("Producer", "Producer", ""),
        ("Producer", "send", "Sends `message`."),
        ("", "free_one", "Free."),
    ];
    assert_eq!(shown, expected.map(|(within, name, comment)| (within.to_owned(), name.to_owned(), comment)));
    assert_eq!(items[0].constants.len(), 2);
    assert_eq!(items[4].code, "[[nodiscard]] Result send(const Message &message) noexcept;");
    assert_eq!(items[2].code, "explicit Producer(const Config &config = {});");
}
