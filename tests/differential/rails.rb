# The API behind Rails' router: ruby rails.rb RESOURCES.json. Prints its port. Answers a resource with `resource PATH`, as
# resources.py says. Each route of Rails ends in an optional format, `(.:format)`.
require 'json'
require 'logger'
require 'action_dispatch'
require 'rack'
require 'webrick'

TABLE = JSON.parse(File.read(ARGV[0]))
RESOURCES = TABLE['resources']

def answer(status, text)
  [status, { 'Content-Type' => 'text/plain' }, [text]]
end

def serve(path)
  RESOURCES.include?(path) ? answer(200, "resource #{path}\n") : answer(404, "none\n")
end

ROUTES = ActionDispatch::Routing::RouteSet.new
ROUTES.draw do
  # Literals first, as one writes them, and those with a format of their own before those without. What has to be encoded is
  # found by the value of a parameter.
  plain = RESOURCES.select { |path| path.match?(%r{\A[\w/@.~-]+\z}) }
  plain.sort_by { |path| path.include?('.') ? 0 : 1 }.each do |path|
    get path, to: ->(_) { serve(path) }
  end
  TABLE['parameters'].each do |template|
    get template, to: lambda { |env|
      values = env['action_dispatch.request.path_parameters']
      serve(template.gsub(/:(\w+)/) { values[Regexp.last_match(1).to_sym] })
    }
  end
  TABLE['templates'].each { |template| get template, to: ->(_) { answer(200, "resource #{template}\n") } }
  get '/files/*rest', to: ->(env) { serve("/files/#{env['action_dispatch.request.path_parameters'][:rest]}") }
end

# Head and body are written one after the other; without this each response waits for an acknowledgement.
class Server < WEBrick::HTTPServer
  def run(socket)
    socket.setsockopt(Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1)
    super
  end
end

server = Server.new(BindAddress: '127.0.0.1', Port: 0, AccessLog: [], Logger: WEBrick::Log.new(File::NULL))
server.mount('/', Rack::Handler::WEBrick, ROUTES)
trap('TERM') { server.shutdown }
puts server.listeners.first.addr[1]
$stdout.flush
server.start
