// Streams, events, capture and graphs.
#include "device.h"

namespace fake {

Stream* stream_of(void* handle) {
  if ((uintptr_t)handle <= 2) return &device().defaultStream;
  return device().streams.count((Stream*)handle) ? (Stream*)handle : nullptr;
}

CUresult push(Stream* stream, Operation operation) {
  if (device().sticky) return device().sticky;
  if (stream->capture) {
    if (stream->captureInvalid) return CAPTURE_INVALIDATED;
    stream->capture->operations.push_back(std::move(operation));
  } else {
    stream->queue.push_back(std::move(operation));
  }
  return SUCCESS;
}

CUresult drain(Stream* stream) {
  std::vector<Operation> operations = std::move(stream->queue);
  stream->queue.clear();
  for (auto& operation : operations) {
    if (device().sticky) break;
    CUresult result = operation();
    if (is_sticky(result)) device().sticky = result;
  }
  return device().sticky;
}

CUresult drain_all() {
  drain(&device().defaultStream);
  for (auto* stream : device().streams) drain(stream);
  return device().sticky;
}

CUresult refuse_in_capture(const char* symbol) {
  for (auto* stream : device().streams) {
    bool concerned = stream->captureMode == 0 || stream->captureThread == std::this_thread::get_id();
    if (stream->capture && stream->captureMode != 2 && concerned) {
      stream->captureInvalid = true;
      return fail(CAPTURE_UNSUPPORTED, std::string(symbol) + ": not allowed while a stream captures");
    }
  }
  return SUCCESS;
}

} // namespace fake

using namespace fake;

#define STREAM(name, handle)             \
  Stream* name = stream_of(handle);      \
  if (!name) return INVALID_HANDLE
#define EVENT(name, handle)              \
  Event* name = (Event*)(handle);        \
  if (!device().events.count(name)) return INVALID_HANDLE

API cuStreamCreate(void** handle, unsigned) {
  ENTER(cuStreamCreate, CONTEXT);
  if (device().sticky) return device().sticky;
  *handle = *device().streams.insert(new Stream).first;
  return SUCCESS;
}
API cuStreamDestroy_v2(void* handle) {
  ENTER(cuStreamDestroy_v2, CONTEXT);
  STREAM(stream, handle);
  drain_all();
  for (auto* event : device().events) {
    if (event->stream == stream) event->stream = nullptr;
  }
  device().streams.erase(stream);
  delete stream;
  return device().sticky;
}
API cuStreamSynchronize(void* handle) {
  ENTER(cuStreamSynchronize, CONTEXT);
  STREAM(stream, handle);
  if (stream->capture) {
    stream->captureInvalid = true;
    return fail(CAPTURE_UNSUPPORTED, "cuStreamSynchronize: the stream captures");
  }
  return drain(stream);
}
// Work that nobody waits for is not done yet; asking often enough counts as waiting.
API cuStreamQuery(void* handle) {
  ENTER(cuStreamQuery, CONTEXT);
  STREAM(stream, handle);
  if (device().sticky) return device().sticky;
  if (stream->queue.empty()) return SUCCESS;
  if (device().calls["cuStreamQuery"] % 3 == 0) return drain(stream);
  return NOT_READY;
}
API cuStreamWaitEvent(void* handle, void* eventHandle, unsigned) {
  ENTER(cuStreamWaitEvent, CONTEXT);
  STREAM(stream, handle);
  EVENT(event, eventHandle);
  if (stream->capture) return fail(NOT_SUPPORTED, "cuStreamWaitEvent: the stand-in captures single streams only");
  return push(stream, [=] { return event->pending && event->stream ? drain(event->stream) : CUresult(SUCCESS); });
}

API cuEventCreate(void** handle, unsigned) {
  ENTER(cuEventCreate, CONTEXT);
  if (device().sticky) return device().sticky;
  *handle = *device().events.insert(new Event).first;
  return SUCCESS;
}
API cuEventDestroy_v2(void* handle) {
  ENTER(cuEventDestroy_v2, CONTEXT);
  EVENT(event, handle);
  drain_all();
  device().events.erase(event);
  delete event;
  return device().sticky;
}
API cuEventRecord(void* handle, void* streamHandle) {
  ENTER(cuEventRecord, CONTEXT);
  EVENT(event, handle);
  STREAM(stream, streamHandle);
  event->stream = stream;
  event->pending = true;
  return push(stream, [=] {
    event->pending = false;
    event->time = std::chrono::steady_clock::now();
    return SUCCESS;
  });
}
API cuEventQuery(void* handle) {
  ENTER(cuEventQuery, CONTEXT);
  EVENT(event, handle);
  if (device().sticky) return device().sticky;
  if (event->pending && device().calls["cuEventQuery"] % 3 == 0 && event->stream) return drain(event->stream);
  return event->pending ? CUresult(NOT_READY) : CUresult(SUCCESS);
}
API cuEventSynchronize(void* handle) {
  ENTER(cuEventSynchronize, CONTEXT);
  EVENT(event, handle);
  return event->pending && event->stream ? drain(event->stream) : device().sticky;
}
API cuEventElapsedTime(float* millis, void* from, void* to) {
  ENTER(cuEventElapsedTime, CONTEXT);
  EVENT(first, from);
  EVENT(second, to);
  if (first->pending || second->pending) return NOT_READY;
  *millis = std::chrono::duration<float, std::milli>(second->time - first->time).count();
  return SUCCESS;
}

API cuStreamBeginCapture_v2(void* handle, int mode) {
  ENTER(cuStreamBeginCapture_v2, CONTEXT);
  STREAM(stream, handle);
  if (device().sticky) return device().sticky;
  if (stream == &device().defaultStream || stream->capture) {
    return fail(CAPTURE_UNSUPPORTED, "cuStreamBeginCapture_v2: the default stream, or one that captures already");
  }
  stream->capture = std::make_unique<Graph>();
  stream->captureInvalid = false;
  stream->captureMode = mode;
  stream->captureThread = std::this_thread::get_id();
  return SUCCESS;
}
API cuStreamEndCapture(void* handle, void** graph) {
  ENTER(cuStreamEndCapture, CONTEXT);
  STREAM(stream, handle);
  *graph = nullptr;
  if (!stream->capture) return INVALID_VALUE;
  if (stream->captureMode != 2 && stream->captureThread != std::this_thread::get_id()) return CAPTURE_WRONG_THREAD;
  auto captured = std::move(stream->capture);
  if (stream->captureInvalid) return CAPTURE_INVALIDATED;
  if (device().sticky) return device().sticky;
  *graph = *device().graphs.insert(captured.release()).first;
  return SUCCESS;
}
API cuStreamIsCapturing(void* handle, int* status) {
  ENTER(cuStreamIsCapturing, CONTEXT);
  STREAM(stream, handle);
  *status = !stream->capture ? 0 : stream->captureInvalid ? 2 : 1;
  return SUCCESS;
}
API cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
  ENTER(cuGraphInstantiateWithFlags, CONTEXT);
  if (device().sticky) return device().sticky;
  if (!device().graphs.count((Graph*)graph)) return INVALID_HANDLE;
  *executable = *device().executables.insert(new Graph(*(Graph*)graph)).first;
  return SUCCESS;
}
API cuGraphUpload(void* executable, void*) {
  ENTER(cuGraphUpload, CONTEXT);
  return device().executables.count((Graph*)executable) ? device().sticky : CUresult(INVALID_HANDLE);
}
API cuGraphLaunch(void* executable, void* handle) {
  ENTER(cuGraphLaunch, CONTEXT);
  STREAM(stream, handle);
  if (!device().executables.count((Graph*)executable)) return INVALID_HANDLE;
  for (auto& operation : ((Graph*)executable)->operations) {
    if (CUresult refused = push(stream, operation)) return refused;
  }
  return device().sticky;
}
API cuGraphDestroy(void* graph) {
  ENTER(cuGraphDestroy, CONTEXT);
  if (!device().graphs.erase((Graph*)graph)) return INVALID_HANDLE;
  delete (Graph*)graph;
  return device().sticky;
}
API cuGraphExecDestroy(void* executable) {
  ENTER(cuGraphExecDestroy, CONTEXT);
  drain_all();
  if (!device().executables.erase((Graph*)executable)) return INVALID_HANDLE;
  delete (Graph*)executable;
  return device().sticky;
}
