// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Java that README and guide show stands in a test, so that it compiles and does what they say.
class GuideSnippetsTest {
  private static final Path ROOT = Path.of(System.getProperty("havn.root", ".."));
  private static final Pattern SNIPPET = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

  @Test
  void everySnippetIsPartOfATest() throws IOException {
    String tests = withoutSpace(textOf(ROOT.resolve("junit/src/test/java"), ".java"));
    List<String> snippets = new ArrayList<>();
    Matcher found =
        SNIPPET.matcher(
            Files.readString(ROOT.resolve("README.md"))
                + textOf(ROOT.resolve("docs/guide"), ".md"));
    while (found.find()) {
      snippets.add(found.group(1));
    }
    assertThat(snippets).isNotEmpty().allMatch(each -> tests.contains(withoutSpace(each)));
  }

  private static String textOf(Path folder, String ending) throws IOException {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(each -> each.toString().endsWith(ending)).toList()) {
        text.append(Files.readString(file)).append('\n');
      }
    }
    return text.toString();
  }

  private static String withoutSpace(String text) {
    return text.replaceAll("\\s+", "");
  }
}
