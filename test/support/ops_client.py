"""A client of health and metrics that is not ours: Debian's python3-grpcio, messages of the health standard by hand, ours by what the server's reflection tells.

Usage: ops_client.py ADDRESS [--token TOKEN] [--ca FILE] COMMAND..., one JSON line for each command's answer:
services | check SERVICE | list | watch SERVICE COUNT | get [POOL...] | follow COUNT [POOL...]
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory


# The reflection protocol's own messages, as far as they are needed: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
def reflection_messages(pool):
    file = descriptor_pb2.FileDescriptorProto(name='r.proto', package='grpc.reflection.v1', syntax='proto3')
    field = descriptor_pb2.FieldDescriptorProto

    def message(name, *fields):
        made = file.message_type.add(name=name)
        for name, number, type, more in fields:
            made.field.add(name=name, number=number, type=type, label=more.pop('label', field.LABEL_OPTIONAL), **more)

    message('ServerReflectionRequest', ('file_containing_symbol', 4, field.TYPE_STRING, {}), ('list_services', 7, field.TYPE_STRING, {}))
    message('FileDescriptorResponse', ('file_descriptor_proto', 1, field.TYPE_BYTES, {'label': field.LABEL_REPEATED}))
    message('ServiceResponse', ('name', 1, field.TYPE_STRING, {}))
    message('ListServiceResponse', ('service', 1, field.TYPE_MESSAGE, {'label': field.LABEL_REPEATED, 'type_name': '.grpc.reflection.v1.ServiceResponse'}))
    message(
        'ServerReflectionResponse',
        ('file_descriptor_response', 4, field.TYPE_MESSAGE, {'type_name': '.grpc.reflection.v1.FileDescriptorResponse'}),
        ('list_services_response', 6, field.TYPE_MESSAGE, {'type_name': '.grpc.reflection.v1.ListServiceResponse'}),
    )
    pool.Add(file)
    made = lambda name: type_of(pool, 'grpc.reflection.v1.' + name)
    return made('ServerReflectionRequest'), made('ServerReflectionResponse')


# The health protocol as its specification has it: https://github.com/grpc/grpc/blob/master/doc/health-checking.md
def health_messages(pool):
    file = descriptor_pb2.FileDescriptorProto(name='h.proto', package='grpc.health.v1', syntax='proto3')
    field = descriptor_pb2.FieldDescriptorProto
    at = '.grpc.health.v1.'
    file.message_type.add(name='HealthCheckRequest').field.add(name='service', number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    file.message_type.add(name='HealthListRequest')
    answer = file.message_type.add(name='HealthCheckResponse')
    status = answer.enum_type.add(name='ServingStatus')
    for number, name in enumerate(['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN']):
        status.value.add(name=name, number=number)
    answer.field.add(name='status', number=1, type=field.TYPE_ENUM, label=field.LABEL_OPTIONAL, type_name=at + 'HealthCheckResponse.ServingStatus')
    all = file.message_type.add(name='HealthListResponse')
    entry = all.nested_type.add(name='StatusesEntry')
    entry.options.map_entry = True
    entry.field.add(name='key', number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    entry.field.add(name='value', number=2, type=field.TYPE_MESSAGE, label=field.LABEL_OPTIONAL, type_name=at + 'HealthCheckResponse')
    all.field.add(name='statuses', number=1, type=field.TYPE_MESSAGE, label=field.LABEL_REPEATED, type_name=at + 'HealthListResponse.StatusesEntry')
    service = file.service.add(name='Health')
    service.method.add(name='Check', input_type=at + 'HealthCheckRequest', output_type=at + 'HealthCheckResponse')
    service.method.add(name='Watch', input_type=at + 'HealthCheckRequest', output_type=at + 'HealthCheckResponse', server_streaming=True)
    service.method.add(name='List', input_type=at + 'HealthListRequest', output_type=at + 'HealthListResponse')
    pool.Add(file)


def type_of(pool, name):
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))


class Client:
    def __init__(self, address, token, ca):
        if ca:
            credentials = grpc.ssl_channel_credentials(open(ca, 'rb').read())
            self.channel = grpc.secure_channel(address, credentials, [('grpc.ssl_target_name_override', 'nestjs-flame')])
        else:
            self.channel = grpc.insecure_channel(address)
        self.metadata = [('authorization', f'Bearer {token}')] if token else []
        self.pool = descriptor_pool.DescriptorPool()
        self.request, self.response = reflection_messages(self.pool)

    def reflect(self, **question):
        call = self.channel.stream_stream(
            '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', self.request.SerializeToString, self.response.FromString
        )
        return next(call(iter([self.request(**question)]), metadata=self.metadata, timeout=20))

    def services(self):
        return sorted(service.name for service in self.reflect(list_services='*').list_services_response.service)

    def method(self, service, name):
        try:
            found = self.pool.FindServiceByName(service)
        except KeyError:
            if service == 'grpc.health.v1.Health':
                health_messages(self.pool)
                return self.pool.FindServiceByName(service).FindMethodByName(name)
            for raw in self.reflect(file_containing_symbol=service).file_descriptor_response.file_descriptor_proto:
                self.pool.AddSerializedFile(raw)
            found = self.pool.FindServiceByName(service)
        return found.FindMethodByName(name)

    def call(self, at, name, streams=False, **fields):
        method = self.method(at, name)
        request = type_of(self.pool, method.input_type.full_name)
        response = type_of(self.pool, method.output_type.full_name)
        make = self.channel.unary_stream if streams else self.channel.unary_unary
        stub = make(f'/{at}/{name}', request.SerializeToString, response.FromString)
        # Health is asked as a platform's probe asks: with nothing to show.
        metadata = self.metadata if at == 'flame.v1.Metrics' else []
        return stub(request(**fields), metadata=metadata, timeout=20)

    def run(self, command, *args):
        health, metrics = 'grpc.health.v1.Health', 'flame.v1.Metrics'
        as_dict = lambda message: json_format.MessageToDict(message, including_default_value_fields=True, preserving_proto_field_name=True)
        if command == 'services':
            yield self.services()
        elif command == 'check':
            yield as_dict(self.call(health, 'Check', service=args[0]))['status']
        elif command == 'list':
            yield {name: entry['status'] for name, entry in as_dict(self.call(health, 'List'))['statuses'].items()}
        elif command == 'watch':
            call = self.call(health, 'Watch', streams=True, service=args[0])
            for _ in range(int(args[1])):
                yield as_dict(next(call))['status']
            call.cancel()
        elif command == 'get':
            yield as_dict(self.call(metrics, 'Get', pools=args))
        elif command == 'follow':
            call = self.call(metrics, 'Watch', streams=True, pools=args[1:], every=100)
            for _ in range(int(args[0])):
                yield as_dict(next(call))
            call.cancel()


def main(address, *args):
    args = list(args)
    options = {'--token': None, '--ca': None}
    while args and args[0] in options:
        name, value, *args = args
        options[name] = value
    try:
        for answer in Client(address, options['--token'], options['--ca']).run(*args):
            print(json.dumps(answer), flush=True)
    except grpc.RpcError as error:
        print(json.dumps({'code': error.code().name, 'details': error.details()}), flush=True)


main(*sys.argv[1:])
