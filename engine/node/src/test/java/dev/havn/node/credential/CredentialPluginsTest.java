// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class CredentialPluginsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String V1 = "credentialprovider.kubelet.k8s.io/v1";

  private static final String CONFIGURATION =
      """
      {"apiVersion": "kubelet.config.k8s.io/v1", "kind": "CredentialProviderConfig", "providers": [
        {"name": "cloud", "matchImages": ["*.cloud.test", "hub.test:5000/team"],
         "defaultCacheDuration": "1m", "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
         "args": ["get", "it"], "env": [{"name": "WHO", "value": "me"}]}]}
      """;

  @TempDir private Path folder;
  private TestPrograms programs;
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");

  @BeforeEach
  void makesPrograms() {
    programs = new TestPrograms(folder);
  }

  private CredentialPlugin cloud(String answer) throws IOException {
    programs.add("cloud", answer);
    return of(CONFIGURATION).getFirst();
  }

  private List<CredentialPlugin> of(String json) throws IOException {
    return CredentialPlugins.of(JSON.readTree(json), folder, () -> now);
  }

  private static String response(String keyType, String more) {
    return "echo '{\"kind\": \"CredentialProviderResponse\", \"apiVersion\": \""
        + V1
        + "\", \"cacheKeyType\": \""
        + keyType
        + "\""
        + more
        + ", \"auth\": {\"*.cloud.test\": {\"username\": \"'$WHO'\", \"password\": \"p\"},"
        + " \"other.test\": {\"username\": \"x\", \"password\": \"y\"}}}'";
  }

  @Test
  void aPluginIsAskedForTheImagesThatItMatchesAndAnswersForPlaces() throws IOException {
    CredentialSource cloud = cloud(response("Image", ""));
    assertThat(cloud.of("a.cloud.test/web"))
        .containsExactly(new Credential("me", "p", "", Credential.Source.NODE));
    assertThat(programs.asked())
        .containsExactly(
            "cloud get it {\"kind\":\"CredentialProviderRequest\",\"apiVersion\":\""
                + V1
                + "\",\"image\":\"a.cloud.test/web\"}");
    assertThat(cloud.of("cloud.test/web")).isEmpty();
    assertThat(cloud.of("hub.test:5000/other/web")).isEmpty();
    assertThat(programs.asked()).hasSize(1);
    assertThat(cloud.of("hub.test:5000/team/web")).as("no place of the answer").isEmpty();
    assertThat(programs.asked()).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({"Image, 3", "Registry, 2", "Global, 1"})
  void anAnswerIsKeptForWhatItSays(String keyType, int asked) throws IOException {
    CredentialSource cloud = cloud(response(keyType, ""));
    for (String each :
        List.of("a.cloud.test/web", "a.cloud.test/web", "a.cloud.test/db", "b.cloud.test/web")) {
      assertThat(cloud.of(each)).as(each).hasSize(1);
    }
    assertThat(programs.asked()).hasSize(asked);
  }

  /// The first question gets no answer before the gate is opened.
  @Test
  void aQuestionThatHangsHoldsUpNobodyElse() throws Exception {
    Path gate = folder.resolve("gate");
    assertThat(new ProcessBuilder("mkfifo", gate.toString()).start().waitFor()).isZero();
    CredentialSource cloud =
        cloud(
            "[ $(wc -l <%s) -gt 1 ] || read line <%s\n".formatted(folder.resolve("notes"), gate)
                + response("Image", ""));
    FutureTask<List<Credential>> hanging = new FutureTask<>(() -> cloud.of("a.cloud.test/web"));
    Thread.ofVirtual().start(hanging);
    while (programs.asked().isEmpty()) {
      Thread.onSpinWait();
    }

    assertThat(cloud.of("b.cloud.test/web")).hasSize(1);

    assertThat(hanging.isDone()).isFalse();
    Files.writeString(gate, "open\n");
    assertThat(hanging.get()).hasSize(1);
  }

  /// One namespace asks for more images than programs may run; none of them is answered before the
  /// gate is opened.
  @Test
  void aNamespaceWhoseQuestionsHangHoldsUpNoOther() throws Exception {
    Path gate = folder.resolve("gate");
    assertThat(new ProcessBuilder("mkfifo", gate.toString()).start().waitFor()).isZero();
    CredentialSource cloud =
        cloud(
            "case $asked in *hang*) read line <%s ;; esac\n".formatted(gate)
                + response("Image", ""));
    List<FutureTask<List<Credential>>> hanging = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      String name = "a.cloud.test/hang-" + i;
      hanging.add(new FutureTask<>(() -> cloud.of(name, "greedy")));
      Thread.ofVirtual().start(hanging.getLast());
    }
    while (programs.asked().size() < CredentialPlugin.OF_A_NAMESPACE_AT_ONCE) {
      assertThat(Thread.currentThread().isInterrupted()).as("in vain").isFalse();
      Thread.onSpinWait();
    }

    assertThat(cloud.of("a.cloud.test/web", "good")).hasSize(1);

    assertThat(programs.asked()).hasSize(CredentialPlugin.OF_A_NAMESPACE_AT_ONCE + 1);
    assertThat(hanging).noneMatch(FutureTask::isDone);
    try (OutputStream open = Files.newOutputStream(gate)) {
      open.write("open\n".repeat(hanging.size()).getBytes(StandardCharsets.UTF_8));
      for (FutureTask<List<Credential>> each : hanging) {
        assertThat(each.get()).hasSize(1);
      }
    }
  }

  @Test
  void theSameQuestionWaitsForItsAnswerAndIsAskedOnce() throws Exception {
    Path gate = folder.resolve("gate");
    assertThat(new ProcessBuilder("mkfifo", gate.toString()).start().waitFor()).isZero();
    CredentialSource cloud =
        cloud("read line <%s\n".formatted(gate) + response("Image", ", \"cacheDuration\": \"0s\""));
    FutureTask<List<Credential>> first = new FutureTask<>(() -> cloud.of("a.cloud.test/web", "a"));
    new Thread(first, "first").start();
    while (programs.asked().isEmpty()) {
      Thread.onSpinWait();
    }
    FutureTask<List<Credential>> second = new FutureTask<>(() -> cloud.of("a.cloud.test/web", "a"));
    Thread waiting = new Thread(second, "second");
    waiting.start();
    while (waiting.getState() != Thread.State.WAITING) {
      assertThat(Thread.currentThread().isInterrupted()).as("in vain").isFalse();
      Thread.onSpinWait();
    }
    Files.writeString(gate, "open\n");
    assertThat(first.get()).hasSize(1);
    assertThat(second.get()).hasSize(1);
    assertThat(programs.asked()).hasSize(1);
  }

  @Test
  void anAnswerIsKeptAsLongAsItOrTheConfigurationSays() throws IOException {
    CredentialSource usual = cloud(response("Global", ""));
    usual.of("a.cloud.test/web");
    now = now.plusSeconds(59);
    usual.of("a.cloud.test/web");
    assertThat(programs.asked()).hasSize(1);
    now = now.plusSeconds(1);
    usual.of("a.cloud.test/web");
    assertThat(programs.asked()).hasSize(2);
    CredentialSource long1 = cloud(response("Global", ", \"cacheDuration\": \"1h\""));
    long1.of("a.cloud.test/web");
    now = now.plusSeconds(3_599);
    long1.of("a.cloud.test/web");
    assertThat(programs.asked()).hasSize(3);
    CredentialSource never = cloud(response("Global", ", \"cacheDuration\": \"0s\""));
    never.of("a.cloud.test/web");
    never.of("a.cloud.test/web");
    assertThat(programs.asked()).hasSize(5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exit 1",
        "echo secret",
        "echo '{\"kind\": \"Secret\"}'",
        "echo '{\"kind\": \"CredentialProviderResponse\", \"apiVersion\": \"v9\"}'",
      })
  void whatIsNoAnswerGivesNothingAndIsNotKept(String script) throws IOException {
    CredentialSource cloud = cloud(script);
    assertThat(cloud.of("a.cloud.test/web")).isEmpty();
    assertThat(cloud.of("a.cloud.test/web")).isEmpty();
    assertThat(programs.asked()).hasSize(2);
  }

  @Test
  void anUnknownKindOfKeyAndAHangGiveNothing() throws IOException {
    assertThat(cloud(response("Node", "")).of("a.cloud.test/web")).isEmpty();
    programs.add("cloud", "exec sleep 98762");
    CredentialPlugin impatient =
        new CredentialPlugin(
            new CredentialPlugin.Settings(
                List.of(folder + "/cloud"), Map.of(), V1, List.of("*.test"), Duration.ZERO, null),
            () -> now,
            Duration.ofMillis(300));
    assertThat(impatient.of("a.test/web")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CredentialProviderConfig | Config | expected kind CredentialProviderConfig of kubelet.config.k8s.io/v1",
        "\"cloud\" | \"a/b\" | name 'a/b' must be that of a program",
        "\"cloud\" | \"none\" | plugin binary executable",
        "\"*.cloud.test\", \"hub.test:5000/team\" |  | matchImages: at least 1 item is required",
        "\"defaultCacheDuration\": \"1m\", |  | defaultCacheDuration is required",
        "\"1m\" | \"-1m\" | defaultCacheDuration must be a duration",
        "credentialprovider.kubelet.k8s.io/v1 | v1 | apiVersion 'v1' is not supported",
        "\"args\" | \"arguments\" | field \"arguments\" is not followed",
        "\"args\": | \"tokenAttributes\": {}, \"args\": | serviceAccountTokenAudience is required",
        "\"args\": | \"tokenAttributes\": {\"serviceAccountTokenAudience\": \"a\"}, \"args\": | cacheType must be Token or ServiceAccount",
        "\"args\": | \"tokenAttributes\": {\"serviceAccountTokenAudience\": \"a\", \"cacheType\": \"Token\"}, \"args\": | requireServiceAccount is required",
        "\"args\": | \"tokenAttributes\": {\"serviceAccountTokenAudience\": \"a\", \"cacheType\": \"Token\", \"requireServiceAccount\": false, \"requiredServiceAccountAnnotationKeys\": [\"k\"]}, \"args\": | requireServiceAccount cannot be false",
      })
  void aConfigurationThatIsNoneIsRefused(String part, String other, String message)
      throws IOException {
    programs.add("cloud", "exit 1");
    String changed = CONFIGURATION.replace(part, other == null ? "" : other);
    assertThatThrownBy(() -> of(changed))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  private record Account(String name, String uid, Map<String, String> annotations, String text)
      implements PodAccount {
    @Override
    public String namespace() {
      return "shop";
    }

    @Override
    public String token(String audience) {
      return text + "-for-" + audience;
    }
  }

  private CredentialPlugin withTokens(String cacheType) throws IOException {
    programs.add("cloud", response("Global", ""));
    String attributes =
        "{\"serviceAccountTokenAudience\": \"cloud\", \"cacheType\": \"%s\", \"requireServiceAccount\": true, \"requiredServiceAccountAnnotationKeys\": [\"role\"]}"
            .formatted(cacheType);
    return of(CONFIGURATION.replace(
            "\"args\":", "\"tokenAttributes\": " + attributes + ", \"args\":"))
        .getFirst();
  }

  @Test
  void aPluginThatWantsTheAccountGetsItsTokenAndWhatItGivesIsTheAccounts() throws IOException {
    CredentialPlugin cloud = withTokens("ServiceAccount");
    Map<String, String> annotations = Map.of("role", "reader", "secret", "no");
    Account web = new Account("web", "u1", annotations, "t1");
    assertThat(cloud.of("a.cloud.test/web", web))
        .containsExactly(new Credential("me", "p", "", new Credential.Source("shop", "web", "u1")));
    assertThat(programs.asked())
        .singleElement()
        .asString()
        .endsWith(
            "\"serviceAccountToken\":\"t1-for-cloud\",\"serviceAccountAnnotations\":{\"role\":\"reader\"}}");
    assertThat(cloud.of("a.cloud.test/web")).as("for nobody").isEmpty();
    assertThat(cloud.of("a.cloud.test/web", new Account("", "", Map.of(), ""))).isEmpty();
    assertThat(cloud.of("a.cloud.test/web", new Account("db", "u2", Map.of(), "t2"))).isEmpty();
    assertThat(programs.asked()).hasSize(1);
    cloud.of("a.cloud.test/web", new Account("web", "u1", annotations, "t3"));
    assertThat(programs.asked()).as("kept for the account").hasSize(1);
    cloud.of("a.cloud.test/web", new Account("db", "u2", annotations, "t2"));
    assertThat(programs.asked()).as("another account").hasSize(2);
  }

  @Test
  void anAnswerForATokenIsKeptForItAlone() throws IOException {
    CredentialPlugin cloud = withTokens("Token");
    for (String token : List.of("t1", "t1", "t2")) {
      cloud.of("a.cloud.test/web", new Account("web", "u1", Map.of("role", "r"), token));
    }
    assertThat(programs.asked()).hasSize(2);
  }
}
