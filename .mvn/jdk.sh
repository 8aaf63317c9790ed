# Sourced by ./baton: points JAVA_HOME at a JDK 25, or stops with what to install.
# Error Prone and google-java-format run inside Maven's own JVM, so Maven itself needs that JDK.
# A caller that only runs Java sets jdk_program=java, and a runtime image will do.
jdk_wanted=25
: "${jdk_program:=javac}"

jdk_major() {
  [ -x "$1/bin/$jdk_program" ] && sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

jdk_pick() {
  for jdk_home in "${JAVA_HOME-}" "${JAVA_HOME_25_X64-}" /usr/lib/jvm/*"$jdk_wanted"* /opt/java/*"$jdk_wanted"* \
    /opt/jdk*"$jdk_wanted"* "$HOME/.sdkman/candidates/java/$jdk_wanted"* "$HOME/.jdks/"*"$jdk_wanted"* \
    /Library/Java/JavaVirtualMachines/*"$jdk_wanted"*/Contents/Home /opt/java/openjdk; do
    if [ -n "$jdk_home" ] && [ "$(jdk_major "$jdk_home")" = "$jdk_wanted" ]; then
      JAVA_HOME=$jdk_home
      export JAVA_HOME
      return 0
    fi
  done
  return 1
}

if ! jdk_pick; then
  echo "baton: needs a JDK $jdk_wanted (javac included), and none was found." >&2
  echo "       Looked at JAVA_HOME (${JAVA_HOME-unset}), /usr/lib/jvm, /opt, ~/.sdkman and ~/.jdks." >&2
  echo "       Install one (Temurin 25, say) or run: JAVA_HOME=/path/to/jdk-$jdk_wanted ./baton ..." >&2
  exit 1
fi
