package dev.baton.engine.bench.plot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

final class SvgPlotTest {
  private static Document draw(boolean logarithmic, Chart.Point... points) throws Exception {
    Chart chart =
        new Chart(
            "tokens & \"seconds\" <1>",
            "",
            new Chart.Axis("x", logarithmic),
            new Chart.Axis("y", false),
            List.of(new Chart.Line("measured", false, List.of(points))));
    return DocumentBuilderFactory.newDefaultInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(SvgPlot.draw(chart).getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void drawsEveryFinitePointInsideThePlot() throws Exception {
    Document svg =
        draw(
            true,
            new Chart.Point(64, 1.5),
            new Chart.Point(16384, 1234.5),
            new Chart.Point(128, Double.NaN),
            new Chart.Point(0, 3));
    var circles = svg.getElementsByTagName("circle");
    assertThat(circles.getLength()).isEqualTo(2); // no logarithm of zero, no NaN
    for (int i = 0; i < circles.getLength(); i++) {
      Element circle = (Element) circles.item(i);
      assertThat(Double.parseDouble(circle.getAttribute("cx"))).isBetween(70.0, 570.0);
      assertThat(Double.parseDouble(circle.getAttribute("cy"))).isBetween(58.0, 368.0);
    }
    assertThat(svg.getElementsByTagName("text").item(0).getTextContent())
        .isEqualTo("tokens & \"seconds\" <1>");
  }

  @Test
  void survivesOnePointAndNone() throws Exception {
    assertThat(draw(true, new Chart.Point(1, 0)).getElementsByTagName("circle").getLength())
        .isEqualTo(1);
    assertThat(draw(false).getElementsByTagName("circle").getLength()).isZero();
  }

  @Test
  void marksRoundNumbers() {
    assertThat(Scale.of(List.of(0.0, 87.0), false, 0, 1).ticks())
        .containsExactly(0., 20., 40., 60., 80., 100.);
    assertThat(Scale.of(List.of(64.0, 16384.0), true, 0, 1).ticks())
        .containsExactly(64., 256., 1024., 4096., 16384.);
  }
}
