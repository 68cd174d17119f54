Gem::Specification.new do |spec|
  spec.name = "fast"
  spec.version = "0.1"
  spec.summary = "Says that it is fast"
  spec.authors = ["nobody"]
  spec.files = ["ext/fast/fast.c", "ext/fast/extconf.rb"]
  spec.extensions = ["ext/fast/extconf.rb"]
end
