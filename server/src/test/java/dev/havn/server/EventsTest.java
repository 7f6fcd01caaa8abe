// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.SeriesEvents;
import dev.havn.reconcile.SeriesEvents.Happening;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Event;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What becomes of events that are said again, as clients see them.
class EventsTest {
  private EmbeddedCluster cluster;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private ConfigMap about() {
    return cluster
        .client()
        .resource(
            new ConfigMapBuilder()
                .withNewMetadata()
                .withName("a")
                .withNamespace("default")
                .endMetadata()
                .build())
        .create();
  }

  private List<Event> events() {
    return cluster.client().v1().events().inNamespace("default").list().getItems().stream()
        .filter(event -> event.getInvolvedObject().getKind().equals("ConfigMap"))
        .toList();
  }

  @Test
  void theSameAgainWithinSixMinutesIsASeries() {
    ConfigMap about = about();
    SeriesEvents events =
        new SeriesEvents(
            new Api(cluster.client()), "default-scheduler", "h", cluster.time(), cluster.time());
    Happening happening =
        new Happening(about, about, "Warning", "FailedScheduling", "Scheduling", "m");
    events.record(happening);
    assertThat(events())
        .singleElement()
        .matches(each -> each.getSeries() == null)
        .matches(each -> each.getFirstTimestamp() == null && each.getCount() == null)
        .matches(each -> each.getMessage().equals("m") && each.getAction().equals("Scheduling"))
        .matches(each -> each.getReportingComponent().equals("default-scheduler"))
        .matches(each -> each.getReportingInstance().equals("default-scheduler-h"))
        .matches(each -> each.getRelated().getName().equals("a"));
    events.record(happening);
    assertThat(events()).singleElement().matches(each -> each.getSeries().getCount() == 2);
    cluster.advance(Duration.ofMinutes(5));
    events.record(happening);
    events.record(
        new Happening(about, about, "Warning", "FailedScheduling", "Scheduling", "other"));
    assertThat(events()).singleElement().matches(each -> each.getSeries().getCount() == 2);
    cluster.advance(Duration.ofMinutes(13));
    assertThat(events()).singleElement().matches(each -> each.getSeries().getCount() == 4);
    events.record(happening);
    assertThat(events()).hasSize(2);
  }

  @Test
  void aSeriesThatGoesOnIsWrittenBeforeItsEventEnds() {
    ConfigMap about = about();
    SeriesEvents events =
        new SeriesEvents(
            new Api(cluster.client()), "default-scheduler", "h", cluster.time(), cluster.time());
    Happening happening =
        new Happening(about, null, "Warning", "FailedScheduling", "Scheduling", "m");
    for (int i = 0; i < 20; i++) {
      events.record(happening);
      cluster.advance(Duration.ofMinutes(5));
    }
    assertThat(events())
        .singleElement()
        .matches(each -> each.getSeries().getCount() > 15, "has been counted up");
  }

  @Test
  void anotherRevisionOfTheObjectIsAnotherEvent() {
    ConfigMap about = about();
    SeriesEvents events =
        new SeriesEvents(
            new Api(cluster.client()), "default-scheduler", "h", cluster.time(), cluster.time());
    events.record(new Happening(about, null, "Warning", "FailedScheduling", "Scheduling", "m"));
    about.getMetadata().setResourceVersion("1");
    events.record(new Happening(about, null, "Warning", "FailedScheduling", "Scheduling", "m"));
    assertThat(events()).hasSize(2);
  }

  @Test
  void aLongNoteIsCut() {
    SeriesEvents events =
        new SeriesEvents(
            new Api(cluster.client()), "default-scheduler", "h", cluster.time(), cluster.time());
    events.once(new Happening(about(), null, "Normal", "Scheduled", "Binding", "m".repeat(2_000)));
    assertThat(events())
        .singleElement()
        .matches(each -> each.getMessage().length() == 1_024)
        .matches(each -> each.getMessage().endsWith("m ..."));
  }

  @Test
  void whatIsSaidAgainIsCountedAlsoWhenTheEventHasEnded() {
    ConfigMap about = about();
    Events events = new Events(new Api(cluster.client()), "kubelet", "havn-0", cluster.time());
    events.warning(about, "BackOff", "m");
    cluster.advance(Duration.ofMinutes(3));
    events.warning(about, "BackOff", "m");
    assertThat(events())
        .singleElement()
        .matches(each -> each.getCount() == 2)
        .matches(each -> !each.getLastTimestamp().equals(each.getFirstTimestamp()));
    cluster.client().v1().events().inNamespace("default").delete();
    events.warning(about, "BackOff", "m");
    assertThat(events()).singleElement().matches(each -> each.getCount() == 3);
  }

  @Test
  void tenThatAreAlikeBecomeOne() {
    ConfigMap about = about();
    Events events = new Events(new Api(cluster.client()), "kubelet", "havn-0", cluster.time());
    for (int i = 0; i < 12; i++) {
      events.warning(about, "Failed", "m" + i);
    }
    assertThat(events()).hasSize(10);
    assertThat(events())
        .filteredOn(each -> each.getMessage().equals("(combined from similar events): m11"))
        .singleElement()
        .matches(each -> each.getCount() == 3);
  }
}
