// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import java.nio.charset.StandardCharsets;

/// What is wrong with a text that is no JSON, in the words of Go's `encoding/json`, which clients
/// and their tests know. Only asked when reading has failed.
final class JsonSyntax {
  static final String END = "unexpected end of JSON input";

  /// As deep as the reader goes; each level takes stack.
  private static final int DEPTH_MAX = 1_000;

  private static final int HEXADECIMAL = 16;
  private static final char ENDED = '\uffff';

  private final String text;
  private int position;

  private JsonSyntax(String text) {
    this.text = text;
  }

  static String problem(byte[] bytes) {
    JsonSyntax syntax = new JsonSyntax(new String(bytes, StandardCharsets.UTF_8));
    try {
      syntax.space();
      syntax.value(0);
      syntax.space();
      if (syntax.peek() != ENDED) {
        throw syntax.wrong("after top-level value");
      }
      return "exceeded max depth";
    } catch (CodecException found) {
      return String.valueOf(found.getMessage());
    }
  }

  private char peek() {
    return position < text.length() ? text.charAt(position) : ENDED;
  }

  /// Where a text ends in the middle of a word, Go says that a blank cannot follow.
  private CodecException cut(String where) {
    return position < text.length()
        ? wrong(where)
        : new CodecException("invalid character ' ' " + where);
  }

  private CodecException wrong(String where) {
    if (position >= text.length()) {
      return new CodecException(END);
    }
    return new CodecException("invalid character " + quoted(peek()) + " " + where);
  }

  private static String quoted(char c) {
    return switch (c) {
      case '\'' -> "'\\''";
      case '"' -> "'\"'";
      case '\n' -> "'\\n'";
      case '\r' -> "'\\r'";
      case '\t' -> "'\\t'";
      case '\\' -> "'\\\\'";
      default -> c < ' ' ? "'\\x%02x'".formatted((int) c) : "'" + c + "'";
    };
  }

  private void space() {
    while (" \t\r\n".indexOf(peek()) >= 0) {
      position++;
    }
  }

  private void value(int depth) {
    if (depth > DEPTH_MAX) {
      throw new CodecException("exceeded max depth");
    }
    char c = peek();
    switch (c) {
      case '{' -> object(depth);
      case '[' -> array(depth);
      case '"' -> string();
      case 't' -> literal("true");
      case 'f' -> literal("false");
      case 'n' -> literal("null");
      default -> {
        if (c != '-' && !isDigit(c)) {
          throw wrong("looking for beginning of value");
        }
        number();
      }
    }
  }

  private void object(int depth) {
    position++;
    space();
    if (peek() == '}') {
      position++;
      return;
    }
    while (true) {
      if (peek() != '"') {
        throw wrong("looking for beginning of object key string");
      }
      string();
      space();
      if (peek() != ':') {
        throw wrong("after object key");
      }
      position++;
      space();
      value(depth + 1);
      space();
      if (peek() == '}') {
        position++;
        return;
      }
      if (peek() != ',') {
        throw wrong("after object key:value pair");
      }
      position++;
      space();
    }
  }

  private void array(int depth) {
    position++;
    space();
    if (peek() == ']') {
      position++;
      return;
    }
    while (true) {
      value(depth + 1);
      space();
      if (peek() == ']') {
        position++;
        return;
      }
      if (peek() != ',') {
        throw wrong("after array element");
      }
      position++;
      space();
    }
  }

  private void string() {
    position++;
    while (peek() != '"') {
      if (peek() < ' ' || position >= text.length()) {
        throw wrong("in string literal");
      }
      if (peek() == '\\') {
        position++;
        escape();
      }
      position++;
    }
    position++;
  }

  private void escape() {
    if (position >= text.length() || "bfnrt\\/\"u".indexOf(peek()) < 0) {
      throw cut("in string escape code");
    }
    if (peek() == 'u') {
      for (int i = 0; i < 4; i++) {
        position++;
        if (Character.digit(peek(), HEXADECIMAL) < 0) {
          throw cut("in \\u hexadecimal character escape");
        }
      }
    }
  }

  private void literal(String word) {
    for (int i = 0; i < word.length(); i++) {
      if (peek() != word.charAt(i)) {
        throw cut("in literal " + word + " (expecting '" + word.charAt(i) + "')");
      }
      position++;
    }
  }

  private void number() {
    if (peek() == '-') {
      position++;
      if (!isDigit(peek())) {
        throw cut("in numeric literal");
      }
    }
    if (peek() == '0') {
      position++;
    } else {
      digits();
    }
    if (peek() == '.') {
      position++;
      if (!isDigit(peek())) {
        throw cut("after decimal point in numeric literal");
      }
      digits();
    }
    if (peek() == 'e' || peek() == 'E') {
      position++;
      if (peek() == '+' || peek() == '-') {
        position++;
      }
      if (!isDigit(peek())) {
        throw cut("in exponent of numeric literal");
      }
      digits();
    }
  }

  private void digits() {
    while (isDigit(peek())) {
      position++;
    }
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }
}
