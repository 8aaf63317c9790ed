# The platform as one image. `./baton build` makes the jar that is copied here, so the image holds no build tools.
FROM eclipse-temurin:25-jre AS unpacked
COPY platform-api/target/platform-api-*-SNAPSHOT.jar /tmp/baton.jar
RUN cd /tmp && java -Djarmode=tools -jar baton.jar extract --destination /opt/baton/lib/baton

FROM eclipse-temurin:25-jre
WORKDIR /opt/baton
COPY --from=unpacked /opt/baton/lib/baton lib/baton
COPY baton LICENSE ./
COPY .mvn/jdk.sh .mvn/jdk.sh
RUN useradd --system --uid 10001 --home-dir /var/lib/baton --create-home baton
USER baton
VOLUME /var/lib/baton
EXPOSE 8080
# A container's log is read by machines.
ENV BATON_LOG_FORMAT=json
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/baton/baton"]
CMD ["serve", "--host", "0.0.0.0", "--data", "/var/lib/baton"]
