module example.org/mill

go 1.21

require example.org/grain v0.0.0

replace example.org/grain => ./grain
